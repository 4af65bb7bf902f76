"""When to send: the hour of the next 24 at which a message meets its receiver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.channel.activity_hours import Rhythm, slot_of, within_an_hour
from recsys.channel.response_hours import ChannelHours, hours_of
from recsys.channel.terms import NONE, Terms
from recsys.data.person import Person
from recsys.data.times import HOUR, QUARTER, SECOND, is_quiet, zone_or


@dataclass(frozen=True, slots=True)
class SendHour:
    """The hour of the next 24 at which a message meets its receiver.

    Attributes
    ----------
    at : int
        When to send, microseconds since the epoch; now, where the present hour is the best.
    hit : float
        Probability that the person's activity of that day falls within an hour of it; where
        `because` speaks of responses, that a response does, had all hours been used alike.
    gain : float
        By how much that is more than at everybody's best hour, on the person's own clock.
    confidence : float
        Share of the person's own in it, 0 (all from everybody) to 1.
    because : str
        What it stands on: responses to this channel, or activity in all.
    """

    at: int
    hit: float
    gain: float
    confidence: float
    because: str


def best_time(
    person: Person,
    arm: str,
    rhythm: Rhythm | None,
    terms: Terms,
    learnt: ChannelHours | None = None,
) -> SendHour | None:
    """Return when to send through an arm; None for ``none``, or where nothing is known.

    Without what was `learnt` of the channel, by the hours in all channels. A best hour in quiet
    hours gives way to the nearest one that is allowed, the later of two.
    """
    if rhythm is None or arm == NONE:
        return None
    there = zone_or(person.context.timezone, terms.timezone)
    number = terms.names.index(arm)
    hours = hours_of(person, arm, rhythm, learnt, there, number=number)
    ahead, later = _ahead(person.at // QUARTER, there)
    starts = (person.at, *later)
    hits = within_an_hour(hours.own).ravel()[ahead]
    waits = terms.channels[number].quiet_hours
    allowed = _awake(terms.quiet_from_hour, terms.quiet_until_hour)[ahead % 24] | (not waits)
    if not allowed.any():
        return None
    chosen = _nearest(int(hits.argmax()), allowed)
    usual = _nearest(int(within_an_hour(hours.everybody).ravel()[ahead].argmax()), allowed)
    return SendHour(
        at=starts[chosen],
        hit=float(hits[chosen]),
        gain=float(hits[chosen] - hits[usual]),
        confidence=hours.confidence,
        because=hours.because,
    )


@lru_cache(64)
def _ahead(quarter: int, there: ZoneInfo) -> tuple[NDArray[np.int64], tuple[int, ...]]:
    """Return the slots of the next 24 hours, and when each but the first, which is on, begins.

    Clocks change on quarter hours only, so that it is so in all of a quarter of an hour.
    """
    local = datetime.fromtimestamp(quarter * QUARTER // SECOND, there)
    hour = quarter * QUARTER - local.minute * 60 * SECOND
    starts = [quarter * QUARTER, *(hour + ahead * HOUR for ahead in range(1, 24))]
    return np.array([slot_of(start, there) for start in starts], np.int64), tuple(starts[1:])


@lru_cache(8)
def _awake(quiet_from: int, quiet_until: int) -> NDArray[np.bool_]:
    return np.array([not is_quiet(hour, quiet_from, quiet_until) for hour in range(24)])


def _nearest(place: int, allowed: NDArray[np.bool_]) -> int:
    """Return the allowed place that is nearest around the clock; of two as near the later."""
    places = np.flatnonzero(allowed)
    away = np.abs(places - place)
    away = np.minimum(away, len(allowed) - away)
    return int(places[len(places) - 1 - away[::-1].argmin()])
