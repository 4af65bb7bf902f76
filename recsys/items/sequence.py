"""What comes after what a user took last: the order of the whole history, not of a session alone.

Transitions and neighbours are those of sessions (:mod:`recsys.algorithms.sessions`), with each
user's history as one: what others took soon after the same items, and in histories that end alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.neighbours import ItemNeighbours
from recsys.algorithms.sessions.knn import SessionNeighbours

LATEST = 10
"""Events of a history that are looked at."""
FADING = 0.8
"""What each of them weighs against the one after it."""


@dataclass(frozen=True, slots=True)
class Order:
    """Ranks what comes next after the latest items of a history.

    Attributes
    ----------
    next_items : ItemNeighbours
        Where one goes from each item.
    histories : SessionNeighbours
        Everybody's history.
    """

    next_items: ItemNeighbours
    histories: SessionNeighbours

    def said(self, latest: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return what follows by transitions and in histories alike, float32, shape (2, n_items).

        Parameters
        ----------
        latest : int32, shape (m,)
            Items of the latest events, the last one last; none say nothing of any item.
        """
        if not len(latest):
            return np.zeros((2, self.next_items.n_items), np.float32)
        weights = FADING ** np.arange(len(latest), dtype=np.float32)[::-1]
        after = self.next_items.score(latest, weights)
        return np.stack([after, self.histories.score(latest)])
