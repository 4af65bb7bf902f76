"""What each user could be shown, and what the parts say of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.algorithms.histories import Histories
from recsys.evaluation.metrics import NOBODY
from training.benchmark.parts import Parts, matrix

BLOCK = 256
"""Users at a time."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What some users could be shown.

    Attributes
    ----------
    item_row : int32, shape (n_users, n_candidates)
        The best of the first item graph first, then the most popular; ``NOBODY`` where the
        catalogue is exhausted. Nothing of the history.
    features : float32, shape (n_users, n_candidates, n_features)
        What the parts say, each in units of its standard deviation over the user's candidates.
    """

    item_row: NDArray[np.int32]
    features: NDArray[np.float32]


def candidates(
    parts: Parts, histories: Histories, n: int, *, threads: int = 1
) -> Iterator[Candidates]:
    """Yield `n` candidates of each user, a block of users at a time, in their order."""
    from threadpoolctl import threadpool_limits

    popular = np.argsort(-parts.popularity, kind="stable").astype(np.int32)
    users = np.arange(len(histories), dtype=np.int32)
    blocks = (
        histories.of_users(users[start : start + BLOCK]) for start in range(0, len(users), BLOCK)
    )
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        yield from pool.map(lambda block: _block(parts, block, n, popular), blocks)


def _block(parts: Parts, histories: Histories, n: int, popular: NDArray[np.int32]) -> Candidates:
    taken = matrix(histories)
    near = [csr_array(taken @ graph) for graph in parts.graphs]
    said = parts.user_vectors(histories)
    n_segments = len(parts.bounds) - 1
    item_row = np.full((len(histories), n), NOBODY, np.int32)
    features = np.zeros((len(histories), n, len(near) + n_segments + 1), np.float32)
    mine = np.zeros(parts.n_items, np.bool_)
    for user, (rows, _) in enumerate(histories):
        mine[rows] = True
        start, end = near[0].indptr[user : user + 2]
        at = start + _best(near[0].data[start:end], mine[near[0].indices[start:end]], n)
        chosen = np.concatenate([near[0].indices[at], _more(popular, near[0].indices[at], mine, n)])
        mine[rows] = False
        item_row[user, : len(chosen)] = chosen
        told = features[user, : len(chosen)]
        for place, graph in enumerate(near):
            told[: len(at), place] = graph.data[at]
        vectors = parts.vectors[chosen]
        for place, (low, high) in enumerate(zip(parts.bounds, parts.bounds[1:], strict=False)):
            told[:, len(near) + place] = vectors[:, low:high] @ said[user, low:high]
        _standardised(told, parts.popularity[chosen], squared=len(near) - 1)
    return Candidates(item_row, features)


def _best(score: NDArray[np.float32], barred: NDArray[np.bool_], n: int) -> NDArray[np.int64]:
    """Return where the `n` highest scores are that are not barred, highest first."""
    open_to = np.flatnonzero(~barred)
    if len(open_to) > n:
        open_to = open_to[np.argpartition(-score[open_to], n - 1)[:n]]
    return open_to[np.argsort(-score[open_to], kind="stable")]


def _more(
    popular: NDArray[np.int32],
    chosen: NDArray[np.int32],
    mine: NDArray[np.bool_],
    n: int,
) -> NDArray[np.int32]:
    """Return the most popular others where there are fewer than `n`."""
    if len(chosen) == n:
        return popular[:0]
    others = popular[~mine[popular]]
    return others[~np.isin(others, chosen)][: n - len(chosen)]


def _standardised(
    told: NDArray[np.float32], popularity: NDArray[np.float64], *, squared: int
) -> None:
    """Bring what is told of one user's candidates to one unit; add their popularity."""
    told[:, squared] = np.log(told[:, squared] + np.float32(1e-12))
    told[:, -1] = np.log(popularity)
    spread = told[:, :-1].std(axis=0)
    told[:, :-1] -= told[:, :-1].mean(axis=0)
    told[:, :-1] /= np.where(spread > 0, spread, 1)
