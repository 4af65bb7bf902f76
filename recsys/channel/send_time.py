"""When to send: the hour of the next 24 at which a message meets its receiver."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.channel.activity_hours import Rhythm, slot_of, within_an_hour
from recsys.channel.response_hours import ChannelHours, Hours, hours_of_all
from recsys.channel.terms import NONE, Terms
from recsys.data.person import Person
from recsys.data.times import HOUR, QUARTER, SECOND, is_quiet, zone_or


class SendHour(NamedTuple):
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
    """Return when to send through an arm, see :func:`best_times`."""
    return best_times([person], [arm], rhythm, terms, learnt)[0]


def best_times(
    people: Sequence[Person],
    arms: Sequence[str],
    rhythm: Rhythm | None,
    terms: Terms,
    learnt: ChannelHours | None = None,
) -> list[SendHour | None]:
    """Return when to send to each through its arm; None for ``none``, or where nothing is known.

    Without what was `learnt` of the channel, by the hours in all channels. A best hour in quiet
    hours gives way to the nearest one that is allowed, the later of two.
    """
    found: list[SendHour | None] = [None] * len(people)
    alike: dict[tuple[str, ZoneInfo, int], list[int]] = {}
    for place, (person, arm) in enumerate(zip(people, arms, strict=True)):
        if rhythm is not None and arm != NONE:
            there = zone_or(person.context.timezone, terms.timezone)
            alike.setdefault((arm, there, person.at // QUARTER), []).append(place)
    for (arm, there, quarter), places in alike.items():
        if rhythm is not None:
            some = [people[place] for place in places]
            number = terms.names.index(arm)
            hours = hours_of_all(some, arm, rhythm, learnt, there, number=number)
            times = _times(some, hours, terms, number, *_ahead(quarter, there))
            for place, time in zip(places, times, strict=True):
                found[place] = time
    return found


def _times(
    people: Sequence[Person],
    hours: Sequence[Hours],
    terms: Terms,
    number: int,
    ahead: NDArray[np.int64],
    later: tuple[int, ...],
) -> Iterable[SendHour | None]:
    """Return the best of the hours ahead, of people whose hours ahead are the same."""
    waits = terms.channels[number].quiet_hours
    allowed = _awake(terms.quiet_from_hour, terms.quiet_until_hour)[ahead % 24] | (not waits)
    if not allowed.any():
        return [None] * len(people)
    nearest = _nearest(allowed)
    hits = within_an_hour(np.array([each.own for each in hours])).reshape(-1, 7 * 24)[:, ahead]
    everybody = within_an_hour(hours[0].everybody).ravel()[ahead]
    usual, chosen = nearest[everybody.argmax()], nearest[hits.argmax(axis=1)]
    hit = hits[np.arange(len(hits)), chosen]
    columns = (chosen.tolist(), hit.tolist(), (hit - hits[:, usual]).tolist())
    return [
        SendHour(later[place - 1] if place else person.at, hit, gain, own.confidence, own.because)
        for person, own, place, hit, gain in zip(people, hours, *columns, strict=True)
    ]


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


def _nearest(allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return, of each place, the allowed one nearest around the clock; of two as near the later."""
    places, size = np.flatnonzero(allowed), len(allowed)
    away = np.abs(places - np.arange(size)[:, None])
    away = np.minimum(away, size - away)
    nearest: NDArray[np.int64] = places[len(places) - 1 - away[:, ::-1].argmin(axis=1)]
    return nearest
