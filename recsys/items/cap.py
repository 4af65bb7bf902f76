"""At most so many items of one category in a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
