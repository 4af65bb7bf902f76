"""What growth is figured from, as the store has it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from recsys.data.times import DAY, HOUR, micros, moment
from recsys.errors import BadQuery
from recsys.growth.doings import Doings, Ints
from recsys.growth.funnels import Reached, funnel
from recsys.growth.nps import LATELY, Nps, nps
from recsys.growth.referrals import NOBODY
from recsys.storage.database.interface import Database

_PAGE = 100_000
_DONE = """
SELECT seq, user_id, at, quantity FROM events
WHERE kind = ? AND at < ? AND seq > ? AND NOT machine AND NOT simulated AND user_id <> ''
ORDER BY seq LIMIT ?
"""
# By an expression: by the index on user_id each event would be looked up at another place.
_PERSON = "user_id || ''"
_FIRST = f"""
SELECT {_PERSON}, min(at) FROM events
WHERE at < ? AND NOT machine AND NOT simulated AND user_id <> '' GROUP BY {_PERSON}
"""  # noqa: S608 - our own words
_STEPS = """
SELECT seq, user_id, at FROM events
WHERE kind = ? AND at >= ? AND at < ? AND seq > ? AND NOT machine AND NOT simulated
    AND user_id <> '' ORDER BY seq LIMIT ?
"""
# Messages are sent to people: what happens after half an hour without anything is another session.
_SESSIONS = f"""
SELECT at / {HOUR}, count(*) FROM (
    SELECT at, at - lag(at) OVER (PARTITION BY {_PERSON} ORDER BY at) AS gap FROM events
    WHERE at < ? AND NOT machine AND NOT simulated AND user_id <> '' AND kind NOT LIKE 'message_%'
) AS gaps WHERE gap IS NULL OR gap > {HOUR // 2} GROUP BY at / {HOUR}
"""  # noqa: S608 - our own numbers
_KINDS = "SELECT DISTINCT kind FROM events"
_REFERRED = """
SELECT user_id, traits FROM users WHERE traits LIKE '%"referred_by"%'
"""
_ANSWERS = """
SELECT user_id, value FROM statements
WHERE kind = 'nps' AND user_id <> '' AND at >= ? AND at < ? ORDER BY at, seq
"""


@dataclass(frozen=True, slots=True)
class Growth:
    """Who did what, as of an instant.

    Attributes
    ----------
    people : tuple of str
        Ids, in the order of their numbers.
    done : Doings
        Critical events, with the items of each.
    seen : Doings
        The first thing that each did at all.
    """

    people: tuple[str, ...]
    done: Doings
    seen: Doings

    def only(self, ids: Collection[str]) -> Growth:
        """Return the same of some people only."""
        chosen = np.array([one in ids for one in self.people], bool)
        return Growth(self.people, self.done.only(chosen), self.seen.only(chosen))


def read(database: Database, kind: str, *, zone: ZoneInfo, at: int) -> Growth:
    """Return what was done before the day of `at` began in a zone: that day is not over.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    until = int(days(np.array([at], np.int64), zone)[0])
    numbers: dict[str, int] = {}
    rows = [
        (numbers.setdefault(user, len(numbers)), when)
        for user, when in database.read(_FIRST, (at,))
    ]
    first = np.array(rows, np.int64).reshape(-1, 2)
    parts, after = [], 0
    while page := database.read(_DONE, (kind, at, after, _PAGE)):
        after = page[-1][0]
        known = [(numbers[user], when, much) for _, user, when, much in page if user in numbers]
        parts.append(np.array(known, np.float64).reshape(-1, 3))
    done = np.concatenate(parts) if parts else np.empty((0, 3))
    person, when = done[:, 0].astype(np.int64), done[:, 1].astype(np.int64)
    return Growth(
        tuple(numbers),
        Doings.of(person, days(when, zone), done[:, 2], until=until),
        Doings.of(first[:, 0], days(first[:, 1], zone), until=until),
    )


def end_of(day: str, zone: ZoneInfo) -> int:
    """Return the end of a day in a zone, microseconds since the epoch: as of then, it counts.

    Raises
    ------
    BadQuery
        It is no day.
    """
    try:
        return micros(datetime.combine(date.fromisoformat(day) + timedelta(1), time(), zone))
    except (ValueError, OverflowError) as error:
        raise BadQuery("as_of", day, "a day, as 2011-12-09") from error


def days(at: Ints, zone: ZoneInfo) -> Ints:
    """Return the days since 1970-01-01 in a zone, int64, shape (n,), of times in microseconds."""
    hours, place = np.unique(at // HOUR, return_inverse=True)
    # A zone changes its offset on the hour, or on a half of one at most some places ever.
    offsets = (moment(int(hour) * HOUR).astimezone(zone).utcoffset() for hour in hours)
    shift = np.array([int(o.total_seconds() * 1e6) if o else 0 for o in offsets], np.int64)
    found: Ints = (at + shift[place]) // DAY if len(at) else at
    return found


def sessions(database: Database, *, zone: ZoneInfo, at: int) -> dict[int, int]:
    """Return how many sessions began on each day of a zone, before the day of `at`.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = np.array(database.read(_SESSIONS, (at,)), np.int64).reshape(-1, 2)
    found: dict[int, int] = {}
    for day, count in zip(days(rows[:, 0] * HOUR, zone).tolist(), rows[:, 1].tolist(), strict=True):
        found[day] = found.get(day, 0) + count
    return found


def reached(
    database: Database, steps: Sequence[str], *, at: int, days: int, within: int,
    only: Collection[str] | None = None,
) -> tuple[Reached, ...]:  # fmt: skip
    """Follow people from their first time of the first step in the last days through the others.

    Parameters
    ----------
    database : Database
        The store.
    steps : sequence of str
        Kinds of events, in order, at least one.
    at : int
        Up to when, microseconds since the epoch.
    days : int
        How many days before it are looked at.
    within : int
        Longest time from the first step to the last, microseconds.
    only : collection of str or None
        People who count; None: everybody.

    Raises
    ------
    BadQuery
        A kind of which there is no event.
    StoreUnavailable
        The store cannot be read.
    """
    known = sorted(kind for (kind,) in database.read(_KINDS))
    for kind in steps:
        if kind not in known:
            raise BadQuery("step", kind, ", ".join(known) or "none: there are no events")
    numbers: dict[str, int] = {}
    done = {}
    for kind in dict.fromkeys(steps):
        pairs, after = [], 0
        while page := database.read(_STEPS, (kind, at - days * DAY, at, after, _PAGE)):
            after = page[-1][0]
            pairs += [
                (numbers.setdefault(user, len(numbers)), when)
                for _, user, when in page
                if only is None or user in only
            ]
        found = np.array(pairs, np.int64).reshape(-1, 2)
        done[kind] = found[:, 0], found[:, 1]
    return funnel(steps, done, within=within)


def referrers(database: Database, people: Sequence[str]) -> Ints:
    """Return who brought each of some people, as numbers, by the trait ``referred_by``.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(_REFERRED)
    named = {user: json.loads(traits).get("referred_by", "") for user, traits in rows}
    numbers: dict[str, int] = {}
    by = [named.get(user) or None for user in people]
    return np.array(
        [NOBODY if one is None else numbers.setdefault(one, len(numbers)) for one in by], np.int64
    )


def answers(database: Database, *, at: int) -> dict[str, float]:
    """Return the last answer of each person in the last 90 days to how likely they recommend, 0-10.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(_ANSWERS, (at - LATELY * DAY, at))
    return {user: float(value) for user, value in rows}


def promoters(said: Mapping[str, float], only: Collection[str] | None = None) -> Nps:
    """Return the net promoter score of some people, by their :func:`answers`; None: of all."""
    chosen = [value for user, value in said.items() if only is None or user in only]
    return nps(np.array(chosen, np.float64))
