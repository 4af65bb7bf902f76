"""Who most likely wants some items, and who is like some users: everybody, ranked.

Both read what users did before; neither is a probability, and only the order means something.
`python -m tests.bench.audience_reach` measures both on later buyers, beside RFM and activity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import ItemNeighbours

OWN = 3.0
"""Worth of having taken an item itself, in units of one that is as similar as it is to itself."""


def wanting(
    histories: Histories, neighbours: ItemNeighbours, targets: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return how much each user wants any of some items, by what was taken of them and of alike.

    Parameters
    ----------
    histories : Histories
        Of all users.
    neighbours : ItemNeighbours
        Which items the same users take.
    targets : int32, shape (n_targets,)
        Rows of the items.

    Returns
    -------
    float64, shape (n_users,)
        0: nothing speaks for it.
    """
    worth = np.zeros(histories.n_items)
    for target in targets:
        edges = slice(neighbours.indptr[target], neighbours.indptr[target + 1])
        worth[neighbours.indices[edges]] += neighbours.data[edges]
    worth[targets] += OWN
    return _of_users(histories, histories.weight * worth[histories.item_row])


def alike(histories: Histories, seeds: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return how alike each user is to some: the mean cosine of what was taken, all items alike.

    Parameters
    ----------
    histories : Histories
        Of all users.
    seeds : int32, shape (n_seeds,)
        Rows of those users.

    Returns
    -------
    float64, shape (n_users,)
        In [0, 1]; 0: nothing was taken that any of them took.
    """
    size = np.diff(histories.indptr)
    length = np.sqrt(np.maximum(size, 1))
    user = np.repeat(np.arange(len(size)), size)
    chosen = np.isin(user, seeds)
    mean = np.bincount(
        histories.item_row[chosen], 1 / length[user[chosen]], minlength=histories.n_items
    ) / max(len(seeds), 1)
    return _of_users(histories, mean[histories.item_row]) / length


def _of_users(histories: Histories, each: NDArray[np.float64]) -> NDArray[np.float64]:
    size = np.diff(histories.indptr)
    found = np.bincount(np.repeat(np.arange(len(size)), size), each, minlength=len(size))
    return np.asarray(found, np.float64)
