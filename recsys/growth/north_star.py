"""The North Star and its inputs, which lead it: breadth, frequency, depth, and efficiency.

North Star = reachable people x breadth x frequency x depth, exactly: what changed it is told apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recsys.growth.doings import Doings

FACTORS = ("reachable", "breadth", "frequency", "depth")


@dataclass(frozen=True, slots=True)
class NorthStar:
    """Of one interval.

    Attributes
    ----------
    first_day, days : int
        The interval.
    reachable : int
        People who did anything up to its end.
    breadth : float
        People with the critical event ÷ reachable people.
    frequency : float
        Critical events per such person.
    depth : float
        Amount (items or money) per critical event.
    efficiency : float or None
        Critical events ÷ sessions; None where sessions are not known.
    """

    first_day: int
    days: int
    reachable: int
    breadth: float
    frequency: float
    depth: float
    efficiency: float | None = None

    @property
    def total(self) -> float:
        """The North Star."""
        return self.reachable * self.breadth * self.frequency * self.depth


def north_star(
    doings: Doings, everything: Doings, *, first_day: int, days: int, sessions: int | None = None
) -> NorthStar:
    """Return the North Star of the days from `first_day` on.

    Parameters
    ----------
    doings : Doings
        Critical events, with their amounts.
    everything : Doings
        Whatever anybody did: who is reachable.
    first_day, days : int
        The interval.
    sessions : int or None
        Sessions in it.
    """
    done = doings.within(first_day, first_day + days)
    seen = everything.day < first_day + days
    reachable = len(np.unique(np.r_[everything.person[seen], done.person]))
    people, count = len(np.unique(done.person)), len(done.day)
    return NorthStar(
        first_day,
        days,
        reachable,
        people / reachable if reachable else 0.0,
        count / people if people else 0.0,
        float(done.amount.sum()) / count if count else 0.0,
        count / sessions if sessions else None,
    )


def series(
    doings: Doings, everything: Doings, *, days: int, sessions: Mapping[int, int] | None = None
) -> tuple[NorthStar, ...]:
    """Return all intervals of so many days that are over, oldest first.

    `sessions` counts those of each day; None: they are not known.
    """
    if not len(doings.day):
        return ()
    count = (doings.until - 1 - int(doings.day.min())) // days + 1
    starts = (doings.until - (count - n) * days for n in range(count))
    return tuple(
        north_star(
            doings,
            everything,
            first_day=first,
            days=days,
            sessions=None
            if sessions is None
            else sum(sessions.get(day, 0) for day in range(first, first + days)),
        )
        for first in starts
    )


def contributions(before: NorthStar, now: NorthStar) -> dict[str, float] | None:
    """Return what each factor added to the change of the total; they add up to it exactly.

    L(now, before)·ln(factor now / factor before), L the logarithmic mean (Ang 2005). None where
    either total is 0: then there is no ratio.
    """
    if before.total <= 0 or now.total <= 0:
        return None
    change, ratio = now.total - before.total, math.log(now.total / before.total)
    mean = now.total if ratio == 0 else change / ratio
    return {name: mean * math.log(getattr(now, name) / getattr(before, name)) for name in FACTORS}
