"""Items that the same users take: a truncated item-to-item graph.

Sarwar et al. 2001; weightings as in `implicit.nearest_neighbours` (items are the documents,
users the terms).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories

Weighting = Literal["bm25", "cosine", "tfidf"]

BM25_K1 = 100.0
BM25_B = 0.8


@dataclass(frozen=True, slots=True)
class NeighbourSettings:
    """What is tuned.

    Attributes
    ----------
    weighting : str
        ``bm25``, ``cosine`` or ``tfidf``.
    neighbours : int
        Kept per item, the strongest.
    """

    weighting: Weighting
    neighbours: int

    def __str__(self) -> str:
        return f"{self.neighbours} neighbours, {self.weighting}"


@dataclass(frozen=True, slots=True)
class ItemNeighbours:
    """The graph in compressed rows: item ``i`` points to its neighbours.

    An item is not its own neighbour here; what a repeat is worth is tuned where scores are used.

    Attributes
    ----------
    indptr : int64, shape (n_items + 1,)
        Item ``i`` owns the edges ``indptr[i]:indptr[i + 1]``.
    indices : int32, shape (n_edges,)
        Neighbours, ascending within an item.
    data : float32, shape (n_edges,)
        Similarities above 0, in units in which items are similar to themselves by 1 on average.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    data: NDArray[np.float32]

    @property
    def n_items(self) -> int:
        """How many items can be scored."""
        return len(self.indptr) - 1

    def score(self, rows: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score all items for one history: weighted similarities, added up over the history.

        Parameters
        ----------
        rows : int32, shape (m,)
            Distinct items taken.
        weights : float32, shape (m,)
            How strongly, positive.

        Returns
        -------
        float32, shape (n_items,)
            0 for items that are no neighbour of the history.
        """
        return self.walk(rows, weights).score()

    def walk(self, rows: NDArray[np.int32], weights: NDArray[np.float32]) -> Walk:
        """Return the edges from a history, to be added up more than once; see :meth:`score`."""
        starts, ends = self.indptr[rows], self.indptr[rows + 1]
        # Each item's edges lie beside each other: copying runs costs less than gathering places.
        runs = [slice(*run) for run in zip(starts.tolist(), ends.tolist(), strict=True)]
        counts = ends - starts
        edge = np.concatenate([self.data[:0], *[self.data[run] for run in runs]])
        return Walk(
            end=np.concatenate([self.indices[:0], *[self.indices[run] for run in runs]]),
            edge=edge,
            carried=np.repeat(weights, counts) * edge,
            counts=counts,
            n_items=self.n_items,
        )

    def score_all(self, histories: Histories) -> NDArray[np.float32]:
        """Score all items for many users, float32, shape (n_users, n_items)."""
        scores = np.zeros((len(histories), self.n_items), np.float32)
        for user, (rows, weights) in enumerate(histories):
            scores[user] = self.score(rows, weights)
        return scores

    def explain(
        self,
        rows: NDArray[np.int32],
        weights: NDArray[np.float32],
        items: NDArray[np.int32],
    ) -> NDArray[np.float32]:
        """Return what each history item adds to the score of each of `items`.

        Returns
        -------
        float32, shape (m, len(items))
            Adds up over the history to the scores.
        """
        return self.walk(rows, weights).explain(items)

    def of_item(self, item_row: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return an item's neighbours, most similar first, ties by the lower row."""
        own = slice(self.indptr[item_row], self.indptr[item_row + 1])
        order = np.argsort(-self.data[own], kind="stable")
        return self.indices[own][order], self.data[own][order]


@dataclass(frozen=True, slots=True)
class Walk:
    """The edges from the items of one history.

    Attributes
    ----------
    end : int32, shape (n_edges,)
        Where each edge leads; grouped by where it starts.
    edge : float32, shape (n_edges,)
        Similarity.
    carried : float32, shape (n_edges,)
        The same, weighed by the item of the history.
    counts : int64, shape (m,)
        How many start at each item of the history.
    n_items : int
        Items there are.
    """

    end: NDArray[np.int32]
    edge: NDArray[np.float32]
    carried: NDArray[np.float32]
    counts: NDArray[np.int64]
    n_items: int

    def score(self) -> NDArray[np.float32]:
        """Return the weighted similarities of all items, float32, shape (n_items,)."""
        return self._added_up(self.carried)

    def squares(self) -> NDArray[np.float32]:
        """Return the same of squared similarities.

        Squares tell an item that is much like one of the history from one a little like many.
        """
        return self._added_up(self.carried * self.edge)

    def explain(self, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return what each history item adds to the scores of some, shape (m, len(items))."""
        column = np.full(self.n_items, -1, np.int32)
        column[items] = np.arange(len(items))
        to = column[self.end]
        wanted = (to >= 0).nonzero()[0]
        history_row = self.counts.cumsum().searchsorted(wanted, side="right")
        carried = np.zeros((len(self.counts), len(items)), np.float32)
        carried[history_row, to[wanted]] = self.carried[wanted]
        return carried

    def _added_up(self, carried: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.bincount(self.end, carried, minlength=self.n_items).astype(np.float32)


def fit(histories: Histories, settings: NeighbourSettings) -> ItemNeighbours:
    """Build the graph from the histories of all users.

    One thread: the same histories give the same bits.

    Notes
    -----
    O(sum over users of squared history length) time, O(n_items · neighbours) memory.
    """
    from implicit.nearest_neighbours import all_pairs_knn
    from scipy.sparse import csr_matrix

    n_items = histories.n_items
    if not len(histories.item_row):
        return _graph(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0), n_items)
    value = _weighted(histories, settings.weighting)
    matrix = csr_matrix(
        (value, histories.item_row, histories.indptr), shape=(len(histories), n_items)
    )
    # The item itself is its own most similar one, so ask for one more and leave it out.
    pairs = all_pairs_knn(matrix, settings.neighbours + 1, show_progress=False, num_threads=1)
    norm = np.bincount(histories.item_row, value**2, minlength=n_items)
    other = (pairs.row != pairs.col) & (pairs.data > 0)
    return _graph(
        pairs.row[other], pairs.col[other], pairs.data[other] / norm[norm > 0].mean(), n_items
    )


def _weighted(histories: Histories, weighting: Weighting) -> NDArray[np.float64]:
    value = histories.weight.astype(np.float64)
    item_row, n_items = histories.item_row, histories.n_items
    # log1p keeps the inverse document frequency positive for a user who took everything.
    idf = np.log1p(n_items / np.maximum(np.diff(histories.indptr), 1))[histories.user_row]
    if weighting == "bm25":
        strength = np.bincount(item_row, value, minlength=n_items)
        length = 1 - BM25_B + BM25_B * strength / strength[strength > 0].mean()
        return np.asarray(value * (BM25_K1 + 1) / (BM25_K1 * length[item_row] + value) * idf)
    if weighting == "tfidf":
        value = np.sqrt(value) * idf
    norm = np.sqrt(np.bincount(item_row, value**2, minlength=n_items))
    return np.asarray(value / norm[item_row])


def _graph(
    start: NDArray[np.int32], end: NDArray[np.int32], data: NDArray[np.float64], n_items: int
) -> ItemNeighbours:
    from scipy.sparse import csr_array

    graph = csr_array((data, (start, end)), shape=(n_items, n_items))
    graph.sort_indices()
    return ItemNeighbours(
        indptr=graph.indptr.astype(np.int64),
        indices=graph.indices.astype(np.int32),
        data=graph.data.astype(np.float32),
    )
