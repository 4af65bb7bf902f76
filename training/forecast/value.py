"""What users will order and spend, from nothing but times and amounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.churn import snapshot
from recsys.churn.labels import start
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from recsys.value import lifetime
from recsys.value.lifetime import Purchases
from training.forecast.rhythm import rhythm

CUTOFFS = 4
STEP_DAYS = 14
MIN_ROWS = 500
MAX_ROWS = 200_000
MEMBERS = 4
SHRINKAGE_WEEKS = 8.0
BOOSTED_SHARE = 0.75

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ValueForecast:
    """Every user with a purchase before the cut-off.

    Attributes
    ----------
    user_row : int64, shape (n,)
        Who they are.
    orders : float64, shape (n,)
        Days with a purchase expected within the horizon.
    value : float64, shape (n,)
        Money expected within the horizon.
    how : str
        What it was learnt with, and what it cannot know.
    level : float64, shape (n,)
        What the parametric models alone say of the money; its total is that of `value`.
    """

    user_row: NDArray[np.int64]
    orders: Floats
    value: Floats
    how: str
    level: Floats


def forecast(
    interactions: Interactions,
    kind: str,
    *,
    at: int,
    horizon_days: int,
    seed: int,
    members: int = MEMBERS,
) -> ValueForecast:
    """Return what users are expected to order and to spend in the days after `at`.

    BG/NBD times Gamma-Gamma sets the level. Once a whole earlier window is known, users are
    ranked by a mean of that and of Poisson gradient boosting learnt from it, rescaled to the same
    total. Where there are too few users for BG/NBD, each one's own rate is shrunk to all.

    Parameters
    ----------
    interactions : Interactions
        Only what is before `at` is looked at.
    kind : str
        Of the events that are purchases.
    at : int
        Microseconds since the epoch.
    horizon_days : int
        How far ahead.
    seed : int
        Same seed, same forecast.
    members : int
        Models that are boosted and averaged.
    """
    known = interactions.before(at)
    critical = known.of_kind(kind)
    now = _expected(critical, at=at, horizon_days=horizon_days)
    if now.scarce:
        how = f"shrunk rates: {now.scarce}"
        return ValueForecast(now.of.user_row, now.orders, now.value, how, now.value)
    past = _past(critical, at=at, horizon_days=horizon_days)
    short = "" if at - start(known) >= 365 * DAY else "; under a year: seasons are unknown"
    if sum(len(window.orders) for window in past) < MIN_ROWS:
        how = f"BG/NBD and order values{short}"
        return ValueForecast(now.of.user_row, now.orders, now.value, how, now.value)
    x = _features(critical, now, at=at, horizon_days=horizon_days)
    drawn = [window.drawn(seed=seed) for window in past]
    orders = _boosted(drawn, "orders", x, range(seed, seed + members))
    value = _boosted(drawn, "value", x, range(seed, seed + members))
    return ValueForecast(
        user_row=now.of.user_row,
        orders=_blended(now.orders, orders),
        value=_blended(now.value, value),
        how=f"BG/NBD and order values, ranked with boosting on {len(past)} windows{short}",
        level=now.value,
    )


@dataclass(frozen=True, slots=True)
class _Expected:
    of: Purchases
    orders: Floats
    value: Floats
    scarce: str


def _expected(critical: Interactions, *, at: int, horizon_days: int) -> _Expected:
    of = lifetime.purchases(critical, at=at)
    scarce = of.too_few
    if not len(of):
        return _Expected(of, np.empty(0), np.empty(0), scarce)
    if not scarce:
        model = lifetime.fit(of)
        orders = model.expected_orders(of, days=horizon_days)
        return _Expected(of, orders, orders * model.order_value(of), "")
    x, weeks = of.repeats.x, of.repeats.T
    # half a repeat more (Jeffreys): that nobody came back yet does not mean that nobody will
    usual = (x.sum() + 0.5) / weeks.sum()
    rate = (x + usual * SHRINKAGE_WEEKS) / (weeks + SHRINKAGE_WEEKS)
    orders = rate * horizon_days / lifetime.WEEK_DAYS
    spent = of.first_value + x * of.repeat_value
    worth = (spent + spent.sum() / (x + 1).sum()) / (x + 2)
    return _Expected(of, orders, orders * worth, scarce)


@dataclass(frozen=True, slots=True)
class _Window:
    """What was known at an earlier cut-off, and what came of it within the horizon."""

    x: Floats
    orders: Floats
    value: Floats

    def drawn(self, *, seed: int) -> _Window:
        most = MAX_ROWS // CUTOFFS
        if len(self.orders) <= most:
            return self
        rows = np.random.default_rng(seed).choice(len(self.orders), most, replace=False)
        return _Window(self.x[rows], self.orders[rows], self.value[rows])


def _past(critical: Interactions, *, at: int, horizon_days: int) -> list[_Window]:
    """Return the windows that closed by `at` and have a horizon of history before them."""
    first = start(critical) + horizon_days * DAY
    last = at - horizon_days * DAY
    cutoffs = [last - step * STEP_DAYS * DAY for step in range(CUTOFFS)]
    return [
        _window(critical, at=cutoff, horizon_days=horizon_days)
        for cutoff in cutoffs
        if cutoff >= first
    ]


def _window(critical: Interactions, *, at: int, horizon_days: int) -> _Window:
    before = critical.before(at)
    then = _expected(before, at=at, horizon_days=horizon_days)
    came = critical.between(at, at + horizon_days * DAY)
    user, day, n_users = came.user_row, came.at // DAY, len(came.users)
    opens = np.ones(len(day), bool)
    opens[1:] = (np.diff(day) != 0) | (np.diff(user) != 0)
    orders = np.bincount(user[opens], minlength=n_users).astype(np.float64)
    value = np.bincount(user, came.value, minlength=n_users).astype(np.float64)
    rows = then.of.user_row
    x = _features(before, then, at=at, horizon_days=horizon_days)
    return _Window(x, orders[rows], value[rows])


def _features(critical: Interactions, expected: _Expected, *, at: int, horizon_days: int) -> Floats:
    kind = critical.kinds[int(critical.kind[0])]
    rows = expected.of.user_row
    seen = snapshot.of_all(critical, kind, at=at)[rows]
    more = rhythm(critical, at=at, horizon_days=horizon_days)[rows]
    return np.column_stack([seen, more, expected.orders, expected.value])


def _boosted(past: list[_Window], what: str, x: Floats, seeds: Iterable[int]) -> Floats:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    seen = np.concatenate([window.x for window in past])
    came = np.concatenate([getattr(window, what) for window in past])
    if not came.sum() > 0:
        return np.zeros(len(x))
    # scikit-learn refuses to bin a column without a value
    known = ~np.isnan(seen).all(0)
    seen, x, said = seen[:, known], x[:, known], np.zeros(len(x))
    for seed in seeds:
        model = HistGradientBoostingRegressor(
            loss="poisson",
            learning_rate=0.05,
            max_iter=120,
            max_leaf_nodes=8,
            min_samples_leaf=40,
            l2_regularization=10.0,
            max_features=0.3,
            early_stopping=False,
            random_state=seed,
        )
        with threadpool_limits(1):
            said += model.fit(seen, came / came.mean()).predict(x)
    return said


def _blended(level: Floats, ranked: Floats) -> Floats:
    """Return a weighted mean, at the total of `level`.

    More weight than half to boosting ranked better on five earlier windows of two shops (grocery
    and gifts), and all of it told large amounts worse.
    """
    if not ranked.sum() > 0:
        return level
    boosted = ranked * (level.sum() / ranked.sum())
    mean: Floats = BOOSTED_SHARE * boosted + (1 - BOOSTED_SHARE) * level
    return mean
