"""What growth is figured from, as the store has it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from recsys.data.times import DAY, HOUR, micros, moment
from recsys.errors import BadQuery
from recsys.growth.doings import Doings, Ints
from recsys.growth.nps import LATELY, Nps, nps
from recsys.storage.database.interface import Database

_PAGE = 100_000
_DONE = """
SELECT seq, user_id, at, quantity FROM events
WHERE kind = ? AND at < ? AND seq > ? AND NOT machine AND user_id <> '' ORDER BY seq LIMIT ?
"""
_FIRST = """
SELECT user_id, min(at) FROM events
WHERE at < ? AND NOT machine AND user_id <> '' GROUP BY user_id
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


def promoters(database: Database, *, at: int, only: Collection[str] | None = None) -> Nps:
    """Return the net promoter score of the last 90 days, from each person's last answer.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(_ANSWERS, (at - LATELY * DAY, at))
    last = {user: float(value) for user, value in rows if only is None or user in only}
    return nps(np.array(list(last.values()), np.float64))
