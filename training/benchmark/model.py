"""What is benchmarked: the spectral item graph, with a share of ALS where it helps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.algorithms import als, spectral
from recsys.algorithms.als import AlsFactors, AlsSettings
from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import ItemNeighbours
from recsys.algorithms.spectral import SpectralSettings
from recsys.algorithms.topk import top_k
from recsys.evaluation.metrics import NOBODY

BLOCK = 128
"""Users scored at a time: a block takes 4 · BLOCK · n_items bytes."""

GRAPH = SpectralSettings()
ALS = AlsSettings(factors=128, alpha=40.0, regularization=20.0)


@dataclass(frozen=True, slots=True)
class Settings:
    """What is tuned.

    Attributes
    ----------
    spectral : SpectralSettings
        The item graph.
    als : AlsSettings
        The factors.
    als_share : float
        What the factors add to the graph's scores, each in units of its standard deviation over
        the user's items; 0: none are fitted.
    """

    spectral: SpectralSettings = GRAPH
    als: AlsSettings = ALS
    als_share: float = 0.4

    def __str__(self) -> str:
        if not self.als_share:
            return str(self.spectral)
        return f"{self.spectral}; plus {self.als_share:g} of {self.als}"


@dataclass(frozen=True, slots=True)
class Model:
    """Both parts, fitted.

    Attributes
    ----------
    graph : ItemNeighbours
        Of :mod:`recsys.algorithms.spectral`.
    factors : AlsFactors or None
        None: the graph alone.
    share : float
        See :class:`Settings`.
    popularity : float64, shape (n_items,)
        Ranks for users without a history.
    """

    graph: ItemNeighbours
    factors: AlsFactors | None
    share: float
    popularity: NDArray[np.float64]

    def rank(self, histories: Histories, k: int, *, threads: int = 1) -> NDArray[np.int32]:
        """Return each user's k best items outside the history, int32, shape (n_users, k).

        Best first, ties by the lower row, padded with ``NOBODY``.
        """
        from threadpoolctl import threadpool_limits

        starts = range(0, len(histories), BLOCK)
        users = np.arange(len(histories), dtype=np.int32)
        blocks = (histories.of_users(users[start : start + BLOCK]) for start in starts)
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
            lists = list(pool.map(lambda block: self._rank(block, k), blocks))
        return np.concatenate(lists) if lists else np.empty((0, k), np.int32)

    def _rank(self, histories: Histories, k: int) -> NDArray[np.int32]:
        score = self.score(histories)
        score[np.diff(histories.indptr) == 0] = self.popularity
        score[histories.user_row, histories.item_row] = -np.inf
        lists = np.full((len(histories), k), NOBODY, np.int32)
        for user, row in enumerate(score):
            best = top_k(row, k)
            lists[user, : len(best)] = best
        return lists

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Score all items for many users, float32, shape (n_users, n_items)."""
        near = _matrix(histories) @ csr_array(
            (self.graph.data, self.graph.indices, self.graph.indptr),
            shape=(histories.n_items, histories.n_items),
        )
        if self.factors is None:
            return np.asarray(near.toarray(), np.float32)
        items = self.factors.item_factors
        users = np.stack([self.factors.fold_in(*history) for history in histories])
        wide = np.sqrt(np.einsum("uf,fg,ug->u", users, np.cov(items.T, bias=True), users))
        # Means are the same for all items of a user: only the spread matters to the order.
        unit = np.divide(self.share * _spread(near), wide, out=np.zeros(len(users)), where=wide > 0)
        score: NDArray[np.float32] = (users * unit[:, None]).astype(np.float32) @ items.T
        rows = np.repeat(np.arange(len(users)), np.diff(near.indptr))
        score[rows, near.indices] += near.data
        return score


def fit(histories: Histories, settings: Settings, *, seed: int, threads: int = 1) -> Model:
    """Fit both parts."""
    graph = spectral.fit(histories, settings.spectral, seed=seed, threads=threads)
    factors = als.fit(histories, settings.als, seed=seed) if settings.als_share else None
    return Model(graph, factors, settings.als_share, spectral.popularity(histories))


def _matrix(histories: Histories) -> csr_array:
    return csr_array(
        (histories.weight, histories.item_row, histories.indptr),
        shape=(len(histories), histories.n_items),
    )


def _spread(score: csr_array) -> NDArray[np.float64]:
    """Return the standard deviation of each row, zeros included."""
    n_items = score.shape[1]
    mean = np.asarray(score.sum(axis=1), np.float64) / n_items
    square = np.asarray((score**2).sum(axis=1), np.float64) / n_items
    return np.sqrt(np.maximum(square - mean**2, 0))
