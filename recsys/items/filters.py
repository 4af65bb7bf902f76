"""How long an item leaves the list after what somebody did with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import UserEvents
from recsys.data.times import FOREVER, HOUR


@dataclass(frozen=True, slots=True)
class Rests:
    """For how long an item is not welcome after an event of each kind.

    What was bought or dismissed a moment ago leaves the list at once.

    Attributes
    ----------
    by_kind : int64, shape (n_kinds,)
        Microseconds; 0 for kinds after which an item stays.
    longest : int
        The longest of them.
    """

    by_kind: NDArray[np.int64]
    longest: int

    @classmethod
    def of(cls, hours: Iterable[float]) -> Rests:
        """Return the rests of kinds in the order of their numbers."""
        by_kind = (np.fromiter(hours, np.float64) * HOUR).astype(np.int64)
        return cls(by_kind, int(by_kind.max(initial=0)))

    @classmethod
    def of_kinds(cls, kinds: Iterable[str], hours: Mapping[str, float]) -> Rests:
        """Return the rests of named kinds; those that `hours` does not name have none."""
        return cls.of(hours.get(kind, 0.0) for kind in kinds)

    def items(self, events: UserEvents, *, at: int) -> NDArray[np.int32]:
        """Return the items of events (oldest first) that rest at the instant `at`."""
        since = at - self.longest
        # Most people have done nothing lately, and this is a hot path.
        if not len(events.at) or events.at[-1] <= since:
            return events.item_row[:0]
        start = int(np.searchsorted(events.at, since, side="right"))
        row, kind = events.item_row[start:], events.kind[start:]
        return row[(row >= 0) & (events.at[start:] > at - self.by_kind[kind])]

    def until(self, events: UserEvents, *, at: int) -> int:
        """Return the first instant after `at` at which an item is welcome again."""
        if not len(events.at) or events.at[-1] <= at - self.longest:
            return FOREVER
        start = int(np.searchsorted(events.at, at - self.longest, side="right"))
        ends = events.at[start:] + self.by_kind[events.kind[start:]]
        return int(ends[ends > at].min(initial=FOREVER))


NO_CATEGORY = -1

DEEPER = 5
"""How many times longer than the list a ranking is asked for, so that enough is left of it."""


@dataclass(frozen=True, slots=True)
class CategoryCap:
    """A bound that is exact: a list grows shorter rather than beyond it.

    Attributes
    ----------
    most : int
        Items of one category in a list, 1 or more.
    category : int32, shape (n_items,)
        Of each item; those of no category are not bounded.
    """

    most: int
    category: NDArray[np.int32]

    def kept(self, rows: NDArray[np.int32], chosen: Iterable[int]) -> NDArray[np.int64]:
        """Return the places in `rows` that may follow what is chosen, in order.

        Parameters
        ----------
        rows : int32, shape (k,)
            Items, best first.
        chosen : iterable of int
            Items that are in the list already.
        """
        used = Counter(self.category[row] for row in chosen)
        places = []
        for place, category in enumerate(self.category[rows].tolist()):
            if category != NO_CATEGORY:
                if used[category] >= self.most:
                    continue
                used[category] += 1
            places.append(place)
        return np.array(places, np.int64)


def categories(names: Sequence[str]) -> NDArray[np.int32]:
    """Return the number of each item's category, int32, shape (n_items,); empty names have none."""
    distinct = {name: number for number, name in enumerate(dict.fromkeys(filter(None, names)))}
    numbers = (distinct.get(name, NO_CATEGORY) for name in names)
    return np.fromiter(numbers, np.int32, len(names))
