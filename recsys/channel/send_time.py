"""When to send: the hours at which a person is active, by weekday, shrunk to those of everybody.

A person's events count by hour of the receiver's clock, recent ones and those of the same weekday
more, smoothed 1-2-1 around the clock, with everybody's hours of that weekday as a prior. Half-life,
weights of other weekdays and prior were chosen on next-purchase hours of a real shop
(``tests/bench/send_times.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.channel.terms import NONE, Terms
from recsys.events import DAY, HOUR, SECOND
from recsys.local_time import QUARTER, is_quiet, zone_or
from recsys.people import Person

HALF_LIFE_DAYS = 120.0
SAME_KIND_OF_DAY, OTHER_DAY = 0.4, 0.25
PRIOR_EVENTS = 5.0
MOST_EVENTS = 300
SATURDAY = 5

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


@dataclass(frozen=True, slots=True)
class SendTime:
    """The hour of the next 24 at which a message meets its receiver.

    Attributes
    ----------
    at : int
        When to send, microseconds since the epoch; now, where the present hour is the best.
    hit : float
        Probability that the person's activity of that day falls within an hour of it.
    gain : float
        By how much that is more than at everybody's best hour, on the person's own clock.
    confidence : float
        Share of the person's own events in it, 0 (all from everybody) to 1.
    """

    at: int
    hit: float
    gain: float
    confidence: float


def fit(at: NDArray[np.int64], there: ZoneInfo) -> Rhythm | None:
    """Return when everybody is active, from the instants of all events; None without any."""
    if not len(at):
        return None
    counts = np.bincount(slots(at, there), minlength=7 * 24).reshape(7, 24)
    smooth = _smoothed(counts + 1.0)
    return Rhythm(smooth / smooth.sum(axis=1, keepdims=True))


def slots(at: NDArray[np.int64], there: ZoneInfo) -> NDArray[np.int64]:
    """Return 24 · weekday + hour on a clock in zone `there`, int64, shape (n,).

    Clocks change on quarter hours only, so one look-up serves all instants of a quarter.
    """
    quarters, place = np.unique(at // QUARTER, return_inverse=True)
    found = [_slot(int(quarter) * QUARTER, there) for quarter in quarters]
    return np.array(found, np.int64)[place]


def posterior(slot: NDArray[np.int64], weight: Reals, rhythm: Rhythm) -> Reals:
    """Return P(hour | weekday) of one person, float64, shape (7, 24); rows sum to 1.

    Parameters
    ----------
    slot : int64, shape (n,)
        Of the person's events, as :func:`slots` gives them.
    weight : float64, shape (n,)
        What each counts: 1 when new.
    rhythm : Rhythm
        The prior, worth ``PRIOR_EVENTS``.
    """
    counts = np.bincount(slot, weight, minlength=7 * 24).reshape(7, 24)
    own = _smoothed(LIKENESS @ counts)
    whole = own + PRIOR_EVENTS * rhythm.everybody
    shares: Reals = whole / whole.sum(axis=1, keepdims=True)
    return shares


def within_an_hour(p: Reals) -> Reals:
    """Return the probability of an hour and its neighbours around the clock, same shape."""
    around: Reals = np.roll(p, 1, axis=-1) + p + np.roll(p, -1, axis=-1)
    return around


def best_time(person: Person, arm: str, rhythm: Rhythm | None, terms: Terms) -> SendTime | None:
    """Return when to send through an arm; None for ``none``, or where nothing is known.

    A best hour in quiet hours gives way to the nearest one that is allowed, the later of two.
    """
    if rhythm is None or arm == NONE:
        return None
    there = zone_or(person.context.timezone, terms.timezone)
    at = person.events.at[-MOST_EVENTS:]
    weight = np.exp2((at - person.at) / (HALF_LIFE_DAYS * DAY))
    own = within_an_hour(posterior(slots(at, there), weight, rhythm))
    ahead, starts = _ahead(person.at, there)
    hits = own.ravel()[ahead]
    waits = terms.channels[terms.names.index(arm)].quiet_hours
    allowed = np.array([not (waits and _is_quiet(slot % 24, terms)) for slot in ahead.tolist()])
    if not allowed.any():
        return None
    chosen = _nearest(int(hits.argmax()), allowed)
    usual = _nearest(int(within_an_hour(rhythm.everybody).ravel()[ahead].argmax()), allowed)
    return SendTime(
        at=starts[chosen],
        hit=float(hits[chosen]),
        gain=float(hits[chosen] - hits[usual]),
        confidence=float(weight.sum() / (weight.sum() + PRIOR_EVENTS)),
    )


def _likeness() -> Reals:
    day = np.arange(7)
    alike = (day >= SATURDAY)[:, None] == (day >= SATURDAY)
    weights = np.where(alike, SAME_KIND_OF_DAY, OTHER_DAY)
    np.fill_diagonal(weights, 1.0)
    return weights


LIKENESS = _likeness()
"""What an event of one weekday counts on another, shape (7, 7)."""


def _smoothed(counts: NDArray[Any]) -> Reals:
    smooth: Reals = (np.roll(counts, 1, axis=-1) + 2 * counts + np.roll(counts, -1, axis=-1)) / 4
    return smooth


def _slot(at: int, there: ZoneInfo) -> int:
    local = datetime.fromtimestamp(at // SECOND, there)
    return 24 * local.weekday() + local.hour


def _ahead(at: int, there: ZoneInfo) -> tuple[NDArray[np.int64], list[int]]:
    """Return the slots of the next 24 hours and when each begins; the first has begun."""
    local = datetime.fromtimestamp(at // SECOND, there)
    past = (local.minute * 60 + local.second) * SECOND + at % SECOND
    starts = [at, *(at - past + ahead * HOUR for ahead in range(1, 24))]
    return np.array([_slot(start, there) for start in starts], np.int64), starts


def _is_quiet(hour: int, terms: Terms) -> bool:
    return is_quiet(hour, terms.quiet_from_hour, terms.quiet_until_hour)


def _nearest(place: int, allowed: NDArray[np.bool_]) -> int:
    """Return the allowed place that is nearest around the clock; of two as near the later."""
    places = np.flatnonzero(allowed)
    away = np.abs(places - place)
    away = np.minimum(away, len(allowed) - away)
    return int(places[len(places) - 1 - away[::-1].argmin()])
