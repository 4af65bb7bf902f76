"""Orders and money of users, learnt by boosting from windows that closed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.threads import one_thread
from recsys.churn import snapshot
from recsys.churn.labels import start
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from training.forecast.level import Closed
from training.forecast.pace import ExpectedOrders, Pace
from training.forecast.rhythm import rhythm

CUTOFFS = 4
STEP_DAYS = 14
MAX_ROWS = 200_000
BOOSTED_SHARE = 0.75

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    """What was known at an earlier cut-off, and what came of it within the horizon."""

    x: Floats
    orders: Floats
    value: Floats
    closed: ClosedTotals

    def drawn(self, *, seed: int) -> ClosedWindow:
        """Return the window with as many rows, drawn, as are learnt from at the most."""
        most = MAX_ROWS // CUTOFFS
        if len(self.orders) <= most:
            return self
        rows = np.random.default_rng(seed).choice(len(self.orders), most, replace=False)
        return replace(self, x=self.x[rows], orders=self.orders[rows], value=self.value[rows])


@dataclass(frozen=True, slots=True)
class ClosedTotals:
    """What was expected in all, and what came."""

    orders: Closed
    value: Closed


def closed_windows(critical: Interactions, *, at: int, horizon_days: int) -> list[ClosedWindow]:
    """Return the windows that closed by `at` and have a horizon of history before them."""
    first = start(critical) + horizon_days * DAY
    last = at - horizon_days * DAY
    cutoffs = [last - step * STEP_DAYS * DAY for step in range(CUTOFFS)]
    return [
        _window(critical, at=cutoff, horizon_days=horizon_days)
        for cutoff in cutoffs
        if cutoff >= first
    ]


def _window(critical: Interactions, *, at: int, horizon_days: int) -> ClosedWindow:
    before = critical.before(at)
    then = Pace.of_known(before, at=at).expected(horizon_days)
    came = critical.between(at, at + horizon_days * DAY)
    rows = then.of.user_row
    orders = _order_days(came)[rows]
    value = np.bincount(came.user_row, came.value, minlength=len(came.users))[rows]
    n = float(orders.sum())
    return ClosedWindow(
        features(before, then, at=at, horizon_days=horizon_days),
        orders,
        value.astype(np.float64),
        ClosedTotals(
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


def features(
    critical: Interactions, expected: ExpectedOrders, *, at: int, horizon_days: int
) -> Floats:
    """Return what boosting is told of each user, float64, shape (n_users, n_features)."""
    kind = critical.kinds[int(critical.kind[0])]
    rows = expected.of.user_row
    seen = snapshot.of_all(critical, kind, at=at)[rows]
    more = rhythm(critical, at=at, horizon_days=horizon_days)[rows]
    return np.column_stack([seen, more, expected.orders, expected.value])


def boosted(past: list[ClosedWindow], what: str, x: Floats, seeds: Iterable[int]) -> Floats:
    """Return what a mean of models, learnt from `past`, ranks each row of `x` by."""
    from sklearn.ensemble import HistGradientBoostingRegressor

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
        with one_thread():
            mean += model.fit(seen, came / came.mean()).predict(x)
    return mean


def blended(level: Floats, ranked: Floats) -> Floats:
    """Return a weighted mean, at the total of `level`.

    More weight than half to boosting ranked better on five earlier windows of two shops (grocery
    and gifts), and all of it told large amounts worse.
    """
    if not ranked.sum() > 0:
        return level
    boosted = ranked * (level.sum() / ranked.sum())
    mean: Floats = BOOSTED_SHARE * boosted + (1 - BOOSTED_SHARE) * level
    return mean
