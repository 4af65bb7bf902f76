"""Who was brought by whom: how many of those who are new, interval by interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys.growth.doings import Doings, Ints
from recsys.growth.lifecycle import lifecycle

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Referred:
    """People of one interval.

    Attributes
    ----------
    first_day, days : int
        The interval: days since 1970-01-01, and how many.
    new : int
        Did it for the first time ever.
    referred : int
        Of those, who named somebody that brought them.
    referrers : int
        How many brought them.
    per_active : float or None
        Referred people for each who was active in the interval before: above the share that leaves
        it grows by itself. None where nobody was.
    """

    first_day: int
    days: int
    new: int
    referred: int
    referrers: int
    per_active: float | None

    @property
    def share(self) -> float | None:
        """Of the new people; None where there are none."""
        return self.referred / self.new if self.new else None


def referrals(doings: Doings, by: Ints, *, days: int) -> tuple[Referred, ...]:
    """Return all intervals of so many days that are over, oldest first.

    Parameters
    ----------
    doings : Doings
        Critical events.
    by : int64, shape (n_people,)
        Who brought each person, as a number of its own; ``NOBODY`` where that is not known.
    days : int
        Of an interval.
    """
    people, first = doings.first_days()
    found, active = [], 0
    for period in lifecycle(doings, days=days):
        inside = (first >= period.first_day) & (first < period.first_day + days)
        brought = by[people[inside]]
        brought = brought[brought != NOBODY]
        found.append(
            Referred(
                period.first_day,
                days,
                period.new,
                len(brought),
                len(np.unique(brought)),
                len(brought) / active if active else None,
            )
        )
        active = period.active
    return tuple(found)
