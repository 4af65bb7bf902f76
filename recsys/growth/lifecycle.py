"""New, current, resurrected and dormant people, by interval (Amplitude's definitions)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys.growth.doings import Doings


@dataclass(frozen=True, slots=True)
class Period:
    """People of one interval.

    Attributes
    ----------
    first_day, days : int
        The interval: days since 1970-01-01, and how many.
    new : int
        Did it for the first time ever.
    current : int
        Did it in this and in the interval before.
    resurrected : int
        Did it in this and some earlier interval, not in the one before.
    dormant : int
        Did it in the interval before, not in this.
    """

    first_day: int
    days: int
    new: int
    current: int
    resurrected: int
    dormant: int

    @property
    def active(self) -> int:
        """Who did it in this interval."""
        return self.new + self.current + self.resurrected

    @property
    def pulse(self) -> float | None:
        """(new + resurrected) / dormant: above 1 it grows; None where nobody left."""
        return (self.new + self.resurrected) / self.dormant if self.dormant else None


def lifecycle(doings: Doings, *, days: int) -> tuple[Period, ...]:
    """Return all intervals of so many days from the first event on, oldest first.

    They are counted back from `doings.until`, so that the latest one is over: what is not over yet
    is in none. active = active before + new + resurrected - dormant, always.
    """
    if not len(doings.day):
        return ()
    back = (doings.until - 1 - doings.day) // days
    index = back.max() - back
    pairs = np.unique(np.stack([doings.person, index]), axis=1)
    person, at = pairs
    again = np.r_[False, person[1:] == person[:-1]]
    before = np.r_[False, at[1:] == at[:-1] + 1] & again
    count = int(back.max()) + 1
    new, current, resurrected = (
        np.bincount(at[chosen], minlength=count) for chosen in (~again, before, again & ~before)
    )
    active = new + current + resurrected
    dormant = np.r_[0, active[:-1] - current[1:]]
    start = doings.until - count * days
    return tuple(
        Period(
            first_day=start + n * days,
            days=days,
            new=int(new[n]),
            current=int(current[n]),
            resurrected=int(resurrected[n]),
            dormant=int(dormant[n]),
        )
        for n in range(count)
    )
