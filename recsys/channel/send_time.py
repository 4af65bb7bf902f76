"""When to send: the hour of the next 24 at which a message meets its receiver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.channel.activity_hours import Rhythm, slot_of, within_an_hour
from recsys.channel.response_hours import ChannelHours, hours_of
from recsys.channel.terms import NONE, Terms
from recsys.data.person import Person
from recsys.data.times import HOUR, SECOND, is_quiet, zone_or


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
    ahead, starts = _ahead(person.at, there)
    hits = within_an_hour(hours.own).ravel()[ahead]
    waits = terms.channels[number].quiet_hours
    allowed = np.array([not (waits and _is_quiet(slot % 24, terms)) for slot in ahead.tolist()])
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


def _ahead(at: int, there: ZoneInfo) -> tuple[NDArray[np.int64], list[int]]:
    """Return the slots of the next 24 hours and when each begins; the first has begun."""
    local = datetime.fromtimestamp(at // SECOND, there)
    past = (local.minute * 60 + local.second) * SECOND + at % SECOND
    starts = [at, *(at - past + ahead * HOUR for ahead in range(1, 24))]
    return np.array([slot_of(start, there) for start in starts], np.int64), starts


def _is_quiet(hour: int, terms: Terms) -> bool:
    return is_quiet(hour, terms.quiet_from_hour, terms.quiet_until_hour)


def _nearest(place: int, allowed: NDArray[np.bool_]) -> int:
    """Return the allowed place that is nearest around the clock; of two as near the later."""
    places = np.flatnonzero(allowed)
    away = np.abs(places - place)
    away = np.minimum(away, len(allowed) - away)
    return int(places[len(places) - 1 - away[::-1].argmin()])
