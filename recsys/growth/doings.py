"""Who did something when: what every figure of growth is made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Doings:
    """Events of one kind, in order of person and day.

    Attributes
    ----------
    person : int64, shape (n_events,)
        Whose, from 0.
    day : int64, shape (n_events,)
        Days since 1970-01-01 in the tenant's zone.
    amount : float64, shape (n_events,)
        Items or money of each.
    until : int
        The first day that is not over: what happened from then on is not here.
    """

    person: Ints
    day: Ints
    amount: NDArray[np.float64]
    until: int

    @classmethod
    def of(
        cls, person: Ints, day: Ints, amount: NDArray[np.float64] | None = None, *, until: int
    ) -> Self:
        """Sort events; later ones than `until` are left out, so that any date can be looked at."""
        given = np.ones(len(day)) if amount is None else amount
        kept = day < until
        person, day, given = person[kept], day[kept], given[kept]
        order = np.lexsort((day, person))
        return cls(person[order], day[order], given[order], until)

    def only(self, people: NDArray[np.bool_]) -> Self:
        """Return those of some people, `people` bool, shape (n_people,)."""
        kept = people[self.person]
        return type(self)(self.person[kept], self.day[kept], self.amount[kept], self.until)

    def within(self, first: int, until: int) -> Self:
        """Return those of the days [first, until)."""
        kept = (self.day >= first) & (self.day < until)
        return type(self)(self.person[kept], self.day[kept], self.amount[kept], self.until)

    def first_days(self) -> tuple[Ints, Ints]:
        """Return everybody who did it, and the first day of each."""
        people, at = np.unique(self.person, return_index=True)
        return people, self.day[at]


def day_of(day: int) -> str:
    """Return a day since 1970-01-01 as it is written."""
    return (_EPOCH + timedelta(days=day)).isoformat()
