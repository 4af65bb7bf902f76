"""Who comes back after the first time: on a day, within days, or ever after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.growth.doings import Doings, Ints

USUAL_DAYS = (1, 3, 7, 14, 30, 60, 90)


@dataclass(frozen=True, slots=True)
class Retained:
    """Of the people whose first time is old enough.

    Attributes
    ----------
    day : int
        Calendar days after the first one.
    people : int
        Old enough: this many days after their first are over.
    on, after : float or None
        Share who did it on that day; on it or later. None without people.
    """

    day: int
    people: int
    on: float | None
    after: float | None


def retention(doings: Doings, days: Sequence[int]) -> tuple[Retained, ...]:
    """Return retention at some days after the first time, by calendar days of the tenant's zone.

    Only people count whose day is over. `after` (unbounded) never rises within one cohort; here
    later days have older cohorts, so it may between them.
    """
    return tuple(_retained(doings, day) for day in days)


def bracket(doings: Doings, first: int, last: int) -> float | None:
    """Return the share who did it on any of the days [first, last] after their first time."""
    people, since, age = _ages(doings, last)
    if not len(people):
        return None
    inside = (age >= first) & (age <= last) & since
    return len(np.unique(doings.person[inside])) / len(people)


def _retained(doings: Doings, day: int) -> Retained:
    people, known, age = _ages(doings, day)
    if not len(people):
        return Retained(day, 0, None, None)
    on, after = (
        len(np.unique(doings.person[known & chosen])) / len(people)
        for chosen in (age == day, age >= day)
    )
    return Retained(day, len(people), on, after)


def _ages(doings: Doings, day: int) -> tuple[Ints, NDArray[np.bool_], Ints]:
    """Return who is old enough, which events are theirs, and days since the first of each event."""
    everybody, first = doings.first_days()
    place = np.searchsorted(everybody, doings.person)
    old = first + day < doings.until
    age = doings.day - first[place]
    return everybody[old], old[place], age
