"""What is looked at soon after what: a decayed item graph, two steps of it, and vectors from it.

The last-item Markov chain of session papers, widened: a pair of clicks counts from every distance
in a session, later to earlier too, less the farther apart and the longer ago (sequential rules with
decay: Ludewig & Jannach 2018, section 3.1; the weights of SLIT: Choi et al. 2021, equation 12).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.neighbours import ItemNeighbours
from recsys.algorithms.sessions.log import Sessions
from recsys.algorithms.threads import one_thread

BLOCK = 2_000
"""Items whose second steps are counted at once."""


@dataclass(frozen=True, slots=True)
class TransitionSettings:
    """What is tuned.

    Attributes
    ----------
    farthest : int
        Clicks apart that a pair may be.
    ahead, behind : float
        Clicks apart at which a pair weighs 1/e, forwards and backwards.
    backward : float
        What one click back weighs against one click on.
    again : float
        What an item's own click weighs as a repeat.
    age : float
        Sessions after which a pair weighs 1/e.
    doubt : float
        Added to an item's total before dividing by it: rare items are believed less.
    neighbours : int
        Kept per item, the strongest: the bound of the memory.
    through : int
        Neighbours per item that second steps go through.
    """

    farthest: int = 12
    ahead: float = 2.0
    behind: float = 4.0
    backward: float = 0.6
    again: float = 1.5
    age: float = 100_000.0
    doubt: float = 1.0
    neighbours: int = 150
    through: int = 60


def counted(sessions: Sessions, settings: TransitionSettings) -> Any:
    """Count decayed pairs of clicks.

    Returns
    -------
    scipy.sparse.csr_matrix of float32, shape (n_items, n_items)
        From the item in its row to the item in its column.
    """
    from scipy.sparse import csr_matrix

    item, session = sessions.item_row, sessions.session_row
    age = np.exp((session - len(sessions)) / settings.age).astype(np.float32)
    start, end, weight = [item], [item], [settings.again * age]
    for apart in range(1, settings.farthest + 1):
        first = np.flatnonzero(session[:-apart] == session[apart:])
        start += [item[first], item[first + apart]]
        end += [item[first + apart], item[first]]
        on = np.exp(-(apart - 1) / settings.ahead)
        back = settings.backward * np.exp(-(apart - 1) / settings.behind)
        weight += [age[first] * np.float32(on), age[first] * np.float32(back)]
    pairs = (np.concatenate(weight), (np.concatenate(start), np.concatenate(end)))
    return csr_matrix(pairs, shape=(sessions.n_items, sessions.n_items), dtype=np.float32)


def chances(counts: Any, settings: TransitionSettings) -> ItemNeighbours:
    """Return where one goes from each item, as shares of its total; an item may follow itself."""
    return _truncated([_shares(counts, settings.doubt)], settings.neighbours)


def second_steps(counts: Any, settings: TransitionSettings) -> ItemNeighbours:
    """Return where one goes from each item in two steps, neither of which stays.

    Reaches items that were never in a session with the item at hand.
    """
    from scipy.sparse import csr_matrix, diags

    n_items = counts.shape[0]
    shares = _shares(counts, settings.doubt)
    shares = shares - diags(shares.diagonal())
    graph = _truncated([shares.tocsr()], settings.through)
    step = csr_matrix((graph.data, graph.indices, graph.indptr), shape=(n_items, n_items))
    blocks = (step[start : start + BLOCK] @ step for start in range(0, n_items, BLOCK))
    return _truncated(blocks, settings.neighbours)


def vectors(counts: Any, n_factors: int, *, seed: int) -> NDArray[np.float32]:
    """Return unit vectors of items that are near where the same items lead to and come from.

    The singular vectors of the counts divided by the roots of both totals, weighted by the roots of
    the singular values, both sides next to each other (randomised: Halko, Martinsson & Tropp 2011).

    Returns
    -------
    float32, shape (n_items, 2 · at most n_factors)
        Zeros for items without clicks.
    """
    from scipy.sparse import diags
    from sklearn.utils.extmath import randomized_svd

    goes, comes = (np.asarray(counts.sum(axis=axis)).ravel() + 5.0 for axis in (1, 0))
    matrix = (diags(goes**-0.5) @ counts @ diags(comes**-0.5)).tocsr().astype(np.float32)
    with one_thread():
        left, values, right = randomized_svd(
            matrix, min(n_factors, counts.shape[0]), n_iter=2, random_state=seed
        )
    both = np.concatenate([left * np.sqrt(values), right.T * np.sqrt(values)], axis=1)
    length = np.linalg.norm(both, axis=1, keepdims=True)
    return np.asarray(both / np.maximum(length, 1e-9), dtype=np.float32)


def _shares(counts: Any, doubt: float) -> Any:
    from scipy.sparse import diags

    total = np.asarray(counts.sum(axis=1)).ravel() + doubt
    return (diags(1 / np.maximum(total, 1e-9)) @ counts).tocsr()


def _truncated(blocks: Any, neighbours: int) -> ItemNeighbours:
    """Keep the strongest of each row; the blocks are below each other."""
    counts, indices, data = [], [], []
    for block in blocks:
        for start, stop in zip(block.indptr[:-1], block.indptr[1:], strict=True):
            value, column = block.data[start:stop], block.indices[start:stop]
            kept = np.flatnonzero(value > 0)
            if len(kept) > neighbours:
                kept = np.lexsort((column, -value))[:neighbours]
            kept = kept[np.argsort(column[kept])]
            counts.append(len(kept))
            indices.append(column[kept])
            data.append(value[kept])
    return ItemNeighbours(
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)]),
        indices=np.concatenate(indices).astype(np.int32),
        data=np.concatenate(data).astype(np.float32),
    )
