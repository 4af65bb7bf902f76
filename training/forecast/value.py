"""What users will order and spend, from nothing but times and amounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.churn.labels import start
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from training.forecast.boosting import ClosedWindow, blended, boosted, closed_windows, features
from training.forecast.level import Level, level
from training.forecast.order_cap import capped
from training.forecast.pace import Pace

ANCHORS = (30, 90, 365)
"""Horizons that are learnt, where data reach; those between and beyond follow from them."""
SHORT = 14
"""The horizon that is learnt where data are too short for any of these."""
MIN_ROWS = 500
MEMBERS = 4

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
    pace, seen = Pace.of_known(critical, at=at), at - start(before) >= 365 * DAY
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
    pace: Pace
    at: int
    season_seen: bool
    seeds: range

    def past(self, days: int) -> list[ClosedWindow]:
        """Return closed windows; none where they hold too few rows to learn from."""
        windows = closed_windows(self.critical, at=self.at, horizon_days=days)
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


def _anchor(ground: _Ground, past: list[ClosedWindow], days: int) -> _Anchor:
    now, seeds = ground.pace.expected(days), ground.seeds
    x = features(ground.critical, now, at=ground.at, horizon_days=days)
    drawn = [window.drawn(seed=seeds.start) for window in past]
    rates = ground.pace.past_rate(days)
    mixed = {}
    for what in ("orders", "value"):
        own, closed = getattr(now, what), [getattr(window.closed, what) for window in past]
        rate = float(getattr(rates, what).sum())
        levels = level(float(own.sum()), rate, closed, season_seen=ground.season_seen, days=days)
        mixed[what] = blended(own * levels.factor, boosted(drawn, what, x, seeds))
    return _Anchor(days, mixed["orders"], mixed["value"], len(past), levels)


def _learnt(anchors: list[_Anchor]) -> str:
    return "".join(
        f"; {a.days} days: ranked with boosting on {a.windows} windows, their level x "
        f"{a.level.factor:.2f}, give or take x {a.level.doubt:.2f}"
        for a in anchors
    )


def _within(pace: Pace, anchors: list[_Anchor], days: int, how: str) -> ValueForecast:
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
