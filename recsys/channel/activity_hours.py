"""At which hours people are active, by weekday: a person's own, shrunk to those of everybody.

A person's events count by hour of the receiver's clock, recent ones and those of the same weekday
more, smoothed 1-2-1 around the clock, with everybody's hours of that weekday as a prior. Half-life,
weights of other weekdays and prior were chosen on next-purchase hours of a real shop
(``tests/bench/send_times.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.data.times import DAY, SECOND

HALF_LIFE_DAYS = 120.0
SAME_KIND_OF_DAY, OTHER_DAY = 0.4, 0.25
PRIOR_EVENTS = 5.0
MOST_EVENTS = 300
SATURDAY = 5
_SLOTS = 7 * 24
_THURSDAY, _BLOCK, _FEW, _NONE = 3, 64, 64, timedelta()
_CHANGES = np.iinfo(np.int32).min
"""Of a day on which clocks change."""

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When everybody is active.

    Attributes
    ----------
    everybody : float64, shape (7, 24)
        P(hour | weekday) by local hour; weekdays count from Monday. Rows sum to 1.
    """

    everybody: Reals


def fit(at: NDArray[np.int64], there: ZoneInfo) -> Rhythm | None:
    """Return when everybody is active, from the instants of all events; None without any."""
    if not len(at):
        return None
    counts = np.bincount(slots(at, there), minlength=7 * 24).reshape(7, 24)
    smooth = smoothed(counts + 1.0)
    return Rhythm(smooth / smooth.sum(axis=1, keepdims=True))


def slots(at: NDArray[np.int64], there: ZoneInfo) -> NDArray[np.int64]:
    """Return 24 · weekday + hour on a clock in zone `there`, int64, shape (n,).

    A clock that shows the same offset when a UTC day begins and ends shows it all day; the instants
    of other days are looked up one by one.
    """
    day = at // DAY
    ahead = np.empty(len(at), np.int64)
    block = day // _BLOCK
    for number in set(block.tolist()) if len(at) < _FEW else np.unique(block).tolist():
        here = block == number
        ahead[here] = _ahead_by_day(number, there)[day[here] - number * _BLOCK]
    local = at // SECOND + ahead
    slot = (local // 86_400 + _THURSDAY) % 7 * 24 + local % 86_400 // 3_600
    for place in np.flatnonzero(ahead == _CHANGES).tolist():
        slot[place] = slot_of(int(at[place]), there)
    return slot


@lru_cache(128)
def _ahead_by_day(block: int, there: ZoneInfo) -> NDArray[np.int64]:
    """Return by how many seconds a clock is ahead of UTC on each day of a block."""
    starts = (block * _BLOCK + np.arange(_BLOCK + 1)) * (DAY // SECOND)
    moments = (datetime.fromtimestamp(start, there) for start in starts.tolist())
    told = [int((moment.utcoffset() or _NONE).total_seconds()) for moment in moments]
    ahead = np.array(told, np.int64)
    return np.where(ahead[:-1] == ahead[1:], ahead[:-1], _CHANGES)


def posterior(slot: NDArray[np.int64], weight: Reals, rhythm: Rhythm) -> Reals:
    """Return P(hour | weekday) of one person, float64, shape (7, 24); rows sum to 1.

    As :func:`posteriors` does of many.
    """
    shares: Reals = posteriors(slot, weight, np.zeros(len(slot), np.int64), rhythm, n=1)[0]
    return shares


def posteriors(
    slot: NDArray[np.int64], weight: Reals, owner: NDArray[np.int64], rhythm: Rhythm, *, n: int
) -> Reals:
    """Return P(hour | weekday) of each of `n` people, float64, shape (n, 7, 24); rows sum to 1.

    Parameters
    ----------
    slot : int64, shape (n_events,)
        Of people's events, as :func:`slots` gives them.
    weight : float64, shape (n_events,)
        What each counts: 1 when new.
    owner : int64, shape (n_events,)
        Whose each is, 0 to n - 1.
    rhythm : Rhythm
        The prior, worth ``PRIOR_EVENTS``.
    n : int
        People.
    """
    counts = np.bincount(owner * _SLOTS + slot, weight, minlength=n * _SLOTS).reshape(n, 7, 24)
    own = smoothed(LIKENESS @ counts)
    whole = own + PRIOR_EVENTS * rhythm.everybody
    shares: Reals = whole / whole.sum(axis=-1, keepdims=True)
    return shares


def posterior_of_sent(
    slot: NDArray[np.int64], weight: Reals, responded: NDArray[np.bool_], prior: Reals
) -> Reals:
    """Return P(hour | weekday) of one person's responses to what was sent, shape (7, 24).

    Parameters
    ----------
    slot, weight : shape (n,)
        Of the messages when they were *sent*, as in :func:`posterior`.
    responded : bool, shape (n,)
        Which of them brought a response.
    prior : float64, shape (7, 24)
        Worth ``PRIOR_EVENTS`` responses; rows sum to 1.

    Notes
    -----
    Responses come at hours at which something was sent, so they are held against what was sent:
    (y + κ·prior) / (e + κ), a Poisson rate with a gamma prior, where y are the responses and e the
    messages of an hour, scaled so that Σ e·prior = Σ y. An hour without messages keeps its prior;
    where all hours were used alike, e is the same everywhere and this is :func:`posterior`; where
    all were sent at one hour, responses say nothing of hours and the prior stays.
    """
    answered = np.bincount(slot, weight * responded, minlength=7 * 24).reshape(7, 24)
    sent = np.bincount(slot, weight, minlength=7 * 24).reshape(7, 24)
    own, used = smoothed(LIKENESS @ answered), smoothed(LIKENESS @ sent)
    expected = (used * prior).sum(axis=1, keepdims=True)
    scale = own.sum(axis=1, keepdims=True) / np.where(expected > 0, expected, 1.0)
    rate = (own + PRIOR_EVENTS * prior) / (used * scale + PRIOR_EVENTS)
    shares: Reals = rate / rate.sum(axis=1, keepdims=True)
    return shares


def age_weight(at: NDArray[np.int64], now: NDArray[np.int64] | int) -> Reals:
    """Return what events at `at` count at `now`: 1 when new, half after the half-life."""
    weight: Reals = np.exp2((at - now) / (HALF_LIFE_DAYS * DAY))
    return weight


def within_an_hour(p: Reals) -> Reals:
    """Return the probability of an hour and its neighbours around the clock, same shape."""
    around: Reals = p @ AROUND
    return around


def smoothed(counts: NDArray[Any]) -> Reals:
    """Return counts spread 1-2-1 around the clock, same shape."""
    smooth: Reals = counts @ SMOOTHING
    return smooth


def slot_of(at: int, there: ZoneInfo) -> int:
    """Return 24 · weekday + hour on a clock in zone `there` at `at` microseconds."""
    local = datetime.fromtimestamp(at // SECOND, there)
    return 24 * local.weekday() + local.hour


def _likeness() -> Reals:
    day = np.arange(7)
    alike = (day >= SATURDAY)[:, None] == (day >= SATURDAY)
    weights = np.where(alike, SAME_KIND_OF_DAY, OTHER_DAY)
    np.fill_diagonal(weights, 1.0)
    return weights


LIKENESS = _likeness()
"""What an event of one weekday counts on another, shape (7, 7)."""

AROUND = np.eye(24) + np.eye(24, k=1) + np.eye(24, k=-1) + np.eye(24, k=23) + np.eye(24, k=-23)
"""Which hours are an hour or its neighbours around the clock, shape (24, 24)."""

SMOOTHING = (AROUND + np.eye(24)) / 4
"""1-2-1 around the clock, shape (24, 24)."""
