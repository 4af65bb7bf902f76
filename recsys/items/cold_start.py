"""Items that nobody has taken yet, for the last places of a personal list.

What is learned from use cannot propose them; what they are described by can: a user who took
items that are described alike (Lops, de Gemmis & Semeraro 2011). Few places, at the end, because
such an item is a guess; once somebody takes it, the 1:1 model knows it after the next training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.neighbours import ItemNeighbours
from recsys.algorithms.topk import top_k
from recsys.items.history import History
from recsys.items.slate import ItemQuery, Ranking
from recsys.words import say

SOURCE = "content"
NOTE = say("item.new")
ONE_IN = 10
"""At most one place in so many; shorter lists get none."""


@dataclass(frozen=True, slots=True)
class Newcomers:
    """New items by the items that are described like them.

    Attributes
    ----------
    graph : ItemNeighbours
        From items that were taken to new ones that are described alike.
    places : int
        Most places of a list that they get.
    """

    graph: ItemNeighbours
    places: int

    @classmethod
    def of(cls, content: ItemNeighbours, new: NDArray[np.bool_], *, places: int) -> Newcomers:
        """Turn a graph from new items to what is described like them around.

        Parameters
        ----------
        content : ItemNeighbours
            The neighbours of at least the new items, by description.
        new : bool, shape (n_items,)
            Available items that nobody has taken. Their edges to each other are left out.
        places : int
            See :class:`Newcomers`.
        """
        owner = np.repeat(np.arange(content.n_items, dtype=np.int32), np.diff(content.indptr))
        kept = new[owner] & ~new[content.indices]
        taken, found, similarity = content.indices[kept], owner[kept], content.data[kept]
        order = np.lexsort((found, taken))
        counts = np.bincount(taken, minlength=content.n_items)
        ends = np.cumsum(counts, dtype=np.int64)
        graph = ItemNeighbours(
            indptr=np.concatenate([np.zeros(1, np.int64), ends]),
            indices=found[order],
            data=similarity[order],
        )
        return cls(graph, places)

    def room(self, limit: int) -> int:
        """Return how many places of a list of `limit` items they get."""
        return min(self.places, limit // ONE_IN) if len(self.graph.data) else 0

    def propose(
        self, history: History, ranking: Ranking | None, query: ItemQuery
    ) -> Ranking | None:
        """Return new items for a history, most alike first; None for none.

        Parameters
        ----------
        history : History
            What the user took.
        ranking : Ranking or None
            What is recommended before them: never proposed again.
        query : ItemQuery
            How long the list is, and what may be in it.
        """
        room = self.room(query.limit)
        if not room or not len(history):
            return None
        score = self.graph.score(history.item_row, history.weight)
        score[~query.allowed] = 0
        if ranking is not None:
            score[ranking.item_row] = 0
        rows = top_k(np.where(score > 0, score, np.float32(-np.inf)), room)
        if not len(rows):
            return None
        carried = self.graph.explain(history.item_row, history.weight, rows)
        because = history.item_row[carried.argmax(axis=0)]
        return Ranking(rows, score[rows], because, SOURCE, note=NOTE)
