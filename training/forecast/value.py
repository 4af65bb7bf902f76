"""What users will order and spend, from nothing but times and amounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.churn import snapshot
from recsys.churn.labels import start
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from recsys.value import lifetime
from recsys.value.lifetime import LifetimeModel, Purchases
from training.forecast.level import Closed, Level, level
from training.forecast.order_cap import capped
from training.forecast.rhythm import rhythm

ANCHORS = (30, 90, 365)
"""Horizons that are learnt, where data reach; those between and beyond follow from them."""
SHORT = 14
"""The horizon that is learnt where data are too short for any of these."""
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
    """Every user with a purchase before the cut-off, for one horizon.

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
        What the parametric models alone say of the money.
    doubt : float
        The factor by which the total may be off, as far as earlier windows tell; 1 where they
        tell nothing.
    """

    user_row: NDArray[np.int64]
    orders: Floats
    value: Floats
    how: str
    level: Floats
    doubt: float = 1.0


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

    See :func:`forecasts`, of which this is one horizon.
    """
    days = (horizon_days,)
    return forecasts(interactions, kind, at=at, days=days, seed=seed, members=members)[0]


def forecasts(
    interactions: Interactions,
    kind: str,
    *,
    at: int,
    days: Sequence[int],
    seed: int,
    members: int = MEMBERS,
) -> list[ValueForecast]:
    """Return what users are expected to order and to spend within each of some horizons.

    BG/NBD times Gamma-Gamma, of orders none of which counts more than is usual, says what each
    user does. For each of ``ANCHORS`` of which a whole earlier window is known, users are ranked
    by a mean of that and of Poisson gradient boosting learnt from it, at the level that earlier
    windows and the recent total tell (:func:`training.forecast.level.level`). A shorter anchor
    never says more than a longer one, and between and beyond anchors each user goes on at the pace
    of BG/NBD: whatever horizons are asked, together or one by one, a longer one never has less.
    Where there are too few users for BG/NBD, each one's own rate is shrunk to all.

    Parameters
    ----------
    interactions : Interactions
        Only what is before `at` is looked at.
    kind : str
        Of the events that are purchases.
    at : int
        Microseconds since the epoch.
    days : sequence of int
        The horizons.
    seed : int
        Same seed, same forecast.
    members : int
        Models that are boosted and averaged.
    """
    before = interactions.before(at)
    critical, cap = capped(before.of_kind(kind))
    pace, seen = _Pace.of_known(critical, at=at), at - start(before) >= 365 * DAY
    short = "" if seen else "; under a year: seasons are unknown"
    if pace.scarce:
        how, anchors = f"shrunk rates: {pace.scarce}", list[_Anchor]()
    else:
        ground = _Ground(critical, pace, at, seen, range(seed, seed + members))
        anchors = _anchors(ground, shortest=min(days))
        how = f"BG/NBD and order values{_learnt(anchors)}{short}"
    how += f"; a day counts up to {cap:,.2f}, or the user's second largest" if cap < np.inf else ""
    return [_within(pace, anchors, each, how) for each in days]


@dataclass(frozen=True, slots=True)
class _Anchor:
    """What is learnt for one horizon."""

    days: int
    orders: Floats
    value: Floats
    windows: int
    level: Level


@dataclass(frozen=True, slots=True)
class _Ground:
    """What everything is learnt from: purchases, their pace, and how models are drawn."""

    critical: Interactions
    pace: _Pace
    at: int
    season_seen: bool
    seeds: range

    def past(self, days: int) -> list[_Window]:
        """Return closed windows; none where they hold too few rows to learn from."""
        windows = _past(self.critical, at=self.at, horizon_days=days)
        return windows if sum(len(window.x) for window in windows) >= MIN_ROWS else []


def _anchors(ground: _Ground, *, shortest: int) -> list[_Anchor]:
    """Return the anchors down to what the shortest horizon needs, none above a longer one."""
    anchors: list[_Anchor] = []
    for days in (*reversed(ANCHORS), SHORT):
        past = [] if days == SHORT and anchors else ground.past(days)
        if not past:
            continue
        own = _anchor(ground, past, days)
        if anchors:
            orders = np.minimum(own.orders, anchors[0].orders)
            own = replace(own, orders=orders, value=np.minimum(own.value, anchors[0].value))
        anchors.insert(0, own)
        if days <= shortest:
            break
    return anchors


def _anchor(ground: _Ground, past: list[_Window], days: int) -> _Anchor:
    now, seeds = ground.pace.expected(days), ground.seeds
    x = _features(ground.critical, now, at=ground.at, horizon_days=days)
    drawn = [window.drawn(seed=seeds.start) for window in past]
    rates = ground.pace.past_rate(days)
    blended = {}
    for what in ("orders", "value"):
        own, closed = getattr(now, what), [getattr(window.closed, what) for window in past]
        rate = float(getattr(rates, what).sum())
        levels = level(float(own.sum()), rate, closed, season_seen=ground.season_seen)
        blended[what] = _blended(own * levels.factor, _boosted(drawn, what, x, seeds))
    return _Anchor(days, blended["orders"], blended["value"], len(past), levels)


def _learnt(anchors: list[_Anchor]) -> str:
    return "".join(
        f"; {a.days} days: ranked with boosting on {a.windows} windows, their level x "
        f"{a.level.factor:.2f}, give or take x {a.level.doubt:.2f}"
        for a in anchors
    )


def _within(pace: _Pace, anchors: list[_Anchor], days: int, how: str) -> ValueForecast:
    """Return the forecast for a horizon, by the anchors around it and the pace of each user."""
    own = pace.expected(days)
    rows = own.of.user_row
    if not anchors:
        return ValueForecast(rows, own.orders, own.value, how, own.value)
    below = [anchor for anchor in anchors if anchor.days <= days]
    above = [anchor for anchor in anchors if anchor.days > days]
    lower, upper = below[-1:] or above[:1], above[:1] if below else []
    (near,) = lower
    orders, value = near.orders, near.value
    here = pace.expected(near.days).orders
    if upper:
        (far,) = upper
        gone = _ratio(own.orders - here, pace.expected(far.days).orders - here)
        orders = orders + gone * (far.orders - orders)
        value = value + gone * (far.value - value)
    else:
        grown = _ratio(own.orders, here)
        orders, value = orders * grown, value * grown
    return ValueForecast(rows, orders, value, how, own.value, near.level.doubt)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.ones(len(part)), where=whole > 0)


@dataclass(frozen=True, slots=True)
class _Pace:
    """What the parametric models say of everybody, for any horizon."""

    of: Purchases
    model: LifetimeModel | None
    scarce: str

    @classmethod
    def of_known(cls, critical: Interactions, *, at: int) -> _Pace:
        of = lifetime.purchases(critical, at=at)
        return cls(of, None if of.too_few else lifetime.fit(of), of.too_few)

    def expected(self, days: int) -> _Expected:
        of = self.of
        if not len(of):
            return _Expected(of, np.empty(0), np.empty(0))
        if self.model is not None:
            orders = self.model.expected_orders(of, days=days)
            return _Expected(of, orders, orders * self.model.order_value(of))
        x, weeks = of.repeats.x, of.repeats.T
        # half a repeat more (Jeffreys): that nobody came back yet does not mean that nobody will
        usual = (x.sum() + 0.5) / weeks.sum()
        rate = (x + usual * SHRINKAGE_WEEKS) / (weeks + SHRINKAGE_WEEKS)
        orders = rate * days / lifetime.WEEK_DAYS
        spent = of.first_value + x * of.repeat_value
        worth = (spent + spent.sum() / (x + 1).sum()) / (x + 2)
        return _Expected(of, orders, orders * worth)

    def past_rate(self, days: int) -> _Expected:
        """Return what everybody would do at the own past rate, the first order included."""
        x, share = self.of.repeats.x, np.maximum(self.of.repeats.T * lifetime.WEEK_DAYS, days)
        spent = self.of.first_value + x * self.of.repeat_value
        return _Expected(self.of, (x + 1) * days / share, spent * days / share)


@dataclass(frozen=True, slots=True)
class _Expected:
    of: Purchases
    orders: Floats
    value: Floats


@dataclass(frozen=True, slots=True)
class _Window:
    """What was known at an earlier cut-off, and what came of it within the horizon."""

    x: Floats
    orders: Floats
    value: Floats
    closed: _ClosedTotals

    def drawn(self, *, seed: int) -> _Window:
        most = MAX_ROWS // CUTOFFS
        if len(self.orders) <= most:
            return self
        rows = np.random.default_rng(seed).choice(len(self.orders), most, replace=False)
        return replace(self, x=self.x[rows], orders=self.orders[rows], value=self.value[rows])


@dataclass(frozen=True, slots=True)
class _ClosedTotals:
    orders: Closed
    value: Closed


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
    then = _Pace.of_known(before, at=at).expected(horizon_days)
    came = critical.between(at, at + horizon_days * DAY)
    rows = then.of.user_row
    orders = _order_days(came)[rows]
    value = np.bincount(came.user_row, came.value, minlength=len(came.users))[rows]
    n = float(orders.sum())
    return _Window(
        _features(before, then, at=at, horizon_days=horizon_days),
        orders,
        value.astype(np.float64),
        _ClosedTotals(
            Closed(float(then.orders.sum()), n, n),
            Closed(float(then.value.sum()), float(value.sum()), n),
        ),
    )


def _order_days(critical: Interactions) -> Floats:
    """Return how many days with a purchase each user has, float64, shape (n_users,)."""
    user, day = critical.user_row, critical.at // DAY
    opens = np.ones(len(day), bool)
    opens[1:] = (np.diff(day) != 0) | (np.diff(user) != 0)
    return np.bincount(user[opens], minlength=len(critical.users)).astype(np.float64)


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
    measured = ~np.isnan(seen).all(0)
    seen, x, mean = seen[:, measured], x[:, measured], np.zeros(len(x))
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
            mean += model.fit(seen, came / came.mean()).predict(x)
    return mean


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
