"""What users are going to be worth: fitted for serving, and judged on a window that has closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.lifetime.bgnbd import RepeatCounts
from recsys.churn import labels
from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.data.kinds import Reading
from recsys.data.times import DAY
from recsys.evaluation.gini import normalised_gini
from recsys.value import lifetime
from recsys.value.lifetime import LifetimeModel, Purchases
from recsys.value.models import HORIZONS_DAYS, ValueModels
from training.forecast import value as forecasting
from training.forecast.value import ValueForecast

Floats = NDArray[np.float64]

MEMBERS = 2
"""Half as many as the forecast of a file: a training run has to wait for them."""


def fit(interactions: Interactions, kind: str, config: Config, *, at: int) -> ValueModels:
    """Return what is expected of every user as of `at`, before which everything happened.

    Parameters
    ----------
    interactions : Interactions
        Only what is before `at`.
    kind : str
        Of the events that are orders.
    config : Config
        Confidence of the intervals, and the seed.
    at : int
        Microseconds since the epoch.
    """
    critical = interactions.of_kind(kind)
    of = lifetime.purchases(critical, at=at)
    model = None if of.too_few else lifetime.fit(of)
    said = [
        _forecast(interactions, kind, config, at=at, horizon_days=days) for days in HORIZONS_DAYS
    ]
    low, high = _intervals(model, of, said, config)
    shape = (len(interactions.users) + 1, len(HORIZONS_DAYS))
    tables = np.full((4, *shape), np.nan, np.float32)
    orders, value = (np.array([getattr(s, what) for s in said]) for what in ("orders", "value"))
    for table, column in zip(tables, (orders, value, low, high), strict=True):
        table[of.user_row] = column.T
    tables[:, -1] = _newcomer(model, of, config)
    return ValueModels(
        reading=Reading(interactions.kinds, kind),
        taken_at=at,
        pace=None if model is None else model.orders,
        orders=tables[0],
        value=tables[1],
        low=tables[2],
        high=tables[3],
        how=tuple(each.how for each in said),
        flags=_flags(model, interactions, at=at),
    )


def judged(
    interactions: Interactions, kind: str, config: Config, *, at: int, horizon_days: int
) -> Mapping[str, Any]:
    """Return how the forecast of an earlier instant did, whose window has closed.

    Everything is learnt from what was known before `at`. Figures are None where nobody ordered.
    """
    known = interactions.before(at)
    said = _forecast(known, kind, config, at=at, horizon_days=horizon_days)
    came = interactions.of_kind(kind).between(at, at + horizon_days * DAY)
    everybody = np.bincount(came.user_row, came.value, minlength=len(came.users))
    spent = everybody[said.user_row].astype(np.float64)
    total = float(spent.sum())
    of = lifetime.purchases(known.of_kind(kind), at=at)
    covered = None
    if not of.too_few:
        model = lifetime.fit(of)
        low, high = _intervals(model, of, [said], config, days=(horizon_days,))
        covered = float(np.mean((spent >= low[0]) & (spent <= high[0])))
    return {
        "horizon_days": horizon_days,
        "n_users": len(spent),
        "spent": total,
        "expected": float(said.value.sum()),
        "normalised_gini": normalised_gini(spent, said.value),
        "normalised_gini_of_lifetimes": normalised_gini(spent, said.level),
        "bias": float(said.value.sum()) / total - 1 if total > 0 else None,
        "share_in_interval": covered,
        "how": said.how,
    }


def _forecast(
    interactions: Interactions, kind: str, config: Config, *, at: int, horizon_days: int
) -> ValueForecast:
    return forecasting.forecast(
        interactions,
        kind,
        at=at,
        horizon_days=horizon_days,
        seed=config.training.seed,
        members=MEMBERS,
    )


def _intervals(
    model: LifetimeModel | None,
    of: Purchases,
    said: list[ValueForecast],
    config: Config,
    *,
    days: tuple[int, ...] = HORIZONS_DAYS,
) -> tuple[Floats, Floats]:
    """Return the intervals of the parametric models, moved with the ranking."""
    if model is None:
        nothing = np.full((len(days), len(of)), np.nan)
        return nothing, nothing
    asked = config.training
    low, high = model.spread(of, days=days, confidence=asked.confidence, seed=asked.seed)
    moved = np.array([np.divide(s.value, s.level, where=s.level > 0, out=np.ones(len(of)))
                      for s in said])  # fmt: skip
    return low * moved, high * moved


def _newcomer(model: LifetimeModel | None, of: Purchases, config: Config) -> Floats:
    """Return orders, value, low and high of a user whose first order is now, shape (4, …)."""
    if model is None:
        return np.full((4, len(HORIZONS_DAYS)), np.nan)
    zero = np.zeros(1)
    first = np.array([of.first_value.mean()])
    new = Purchases(np.zeros(1, np.int64), RepeatCounts(zero, zero, zero), zero, first)
    orders = np.array([model.expected_orders(new, days=days)[0] for days in HORIZONS_DAYS])
    asked = config.training
    low, high = model.spread(new, days=HORIZONS_DAYS, confidence=asked.confidence, seed=asked.seed)
    return np.array([orders, orders * model.order_value(new)[0], low[:, 0], high[:, 0]])


def _flags(model: LifetimeModel | None, interactions: Interactions, *, at: int) -> tuple[str, ...]:
    flags = {
        "few_users": model is None,
        "no_dropout_seen": model is not None and not model.orders.sees_dropout,
        "seasons_unknown": at - labels.start(interactions) < 365 * DAY,
    }
    return tuple(name for name, raised in flags.items() if raised)
