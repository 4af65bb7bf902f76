"""What each user could be shown, and what the parts say of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    near = csr_array(matrix(histories) @ parts.graphs[0])
    said = parts.user_vectors(histories)
    n_near, n_wide = len(parts.graphs) + 1, len(parts.bounds) - 1
    item_row = np.full((len(histories), n), NOBODY, np.int32)
    features = np.zeros((len(histories), n, n_near + n_wide + 1), np.float32)
    mine = np.zeros(parts.n_items, np.bool_)
    column = np.full(parts.n_items, NOBODY, np.int32)
    for user, (rows, weights) in enumerate(histories):
        own = slice(near.indptr[user], near.indptr[user + 1])
        mine[rows] = True
        best = near.indices[own][_best(near.data[own], mine[near.indices[own]], n)]
        chosen = np.concatenate([best, _more(popular, best, mine, n)])
        mine[rows] = False
        item_row[user, : len(chosen)] = chosen
        told = features[user, : len(chosen)]
        column[chosen] = np.arange(len(chosen), dtype=np.int32)
        told[:, :n_near] = _near(parts.graphs, rows, weights, column, len(chosen))
        column[chosen] = NOBODY
        told[:, n_near:-1] = _wide(parts, said[user], chosen)
    features[:, :, n_near - 1] = np.log(features[:, :, n_near - 1] + np.float32(1e-12))
    _standardise(features[:, :, :-1], item_row != NOBODY)
    features[:, :, -1] = np.log(parts.popularity).astype(np.float32)[item_row]
    return Candidates(item_row, features)


def _near(
    graphs: Sequence[csr_array],
    rows: NDArray[np.int32],
    weights: NDArray[np.float32],
    column: NDArray[np.int32],
    n: int,
) -> NDArray[np.float64]:
    """Add up the history's edges to the `n` items with a column: by each graph, and squared.

    The sum of squares tells one strong edge from many weak ones.
    """
    edges = graphs[0]
    starts = edges.indptr[rows]
    counts = edges.indptr[rows + 1] - starts
    place = np.arange(counts.sum()) + np.repeat(starts - np.cumsum(counts) + counts, counts)
    met = column[edges.indices[place]]
    wanted = met != NOBODY
    place, met = place[wanted], met[wanted]
    weight = np.repeat(weights, counts)[wanted]
    found = [graph.data[place] for graph in graphs]
    return np.stack([np.bincount(met, each * weight, n) for each in (*found, found[0] ** 2)], 1)


def _wide(
    parts: Parts, said: NDArray[np.float32], chosen: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return what low-pass and factors say of the chosen items, band by band."""
    vectors = parts.vectors[chosen]
    bands = zip(parts.bounds[:-1], parts.bounds[1:], strict=True)
    return np.stack([vectors[:, low:high] @ said[low:high] for low, high in bands], axis=1)


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


def _standardise(features: NDArray[np.float32], there: NDArray[np.bool_]) -> None:
    """Bring each feature of each user's candidates to mean 0 and deviation 1, in place."""
    count = np.maximum(there.sum(axis=1), 1).astype(np.float32)[:, None]
    shown = there.astype(np.float32)
    features -= (np.einsum("uc,ucf->uf", shown, features) / count)[:, None]
    features *= shown[:, :, None]
    spread = np.sqrt(np.einsum("ucf,ucf->uf", features, features) / count)
    features /= np.where(spread > 0, spread, 1)[:, None]
