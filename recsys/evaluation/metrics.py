"""How good ranked lists are. One figure a user; means and intervals are for `estimate`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NOBODY = -1
"""Pads lists that are shorter than the longest."""

BLOCK = 256
"""Items whose likeness to others is worked out at a time."""


def hits(
    recommended: NDArray[np.int32], relevant: NDArray[np.int32], indptr: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return where the lists hold a relevant item.

    Parameters
    ----------
    recommended : int32, shape (n_users, k)
        Item rows, best first, padded with ``NOBODY``.
    relevant : int32, shape (n_pairs,)
        Item rows, distinct within a user.
    indptr : int64, shape (n_users + 1,)
        User ``u`` finds ``relevant[indptr[u]:indptr[u + 1]]`` relevant.

    Returns
    -------
    bool, shape (n_users, k)
    """
    width = 1 + max(recommended.max(initial=0), relevant.max(initial=0))
    users = np.arange(len(recommended))
    wanted = np.repeat(users, np.diff(indptr)) * width + relevant
    hit = np.isin(users[:, None] * width + recommended, wanted)
    return np.asarray(hit & (recommended != NOBODY))


def recall(hit: NDArray[np.bool_], n_relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of the relevant items that are in the list; NaN where nothing is.

    The divisor is all that is relevant, also beyond the length of the list.
    """
    return _share(hit.sum(axis=1), n_relevant)


def ndcg(hit: NDArray[np.bool_], n_relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the discounted gain over that of the ideal list; NaN where nothing is relevant.

    Järvelin & Kekäläinen 2002, with binary gains and ``1 / log2(rank + 1)``. The ideal list has
    ``min(k, n_relevant)`` hits on top.
    """
    k = hit.shape[1]
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([np.zeros(1), np.cumsum(discount)])
    return _share(hit @ discount, ideal[np.minimum(n_relevant, k)])


def reciprocal_rank(hit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return one over the rank of the first relevant item, 0 where the list has none."""
    if not hit.shape[1]:
        return np.zeros(len(hit))
    return np.asarray(hit.any(axis=1) / (hit.argmax(axis=1) + 1), np.float64)


def any_hit(hit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return 1 where the list has a relevant item, else 0."""
    return np.asarray(hit.any(axis=1), np.float64)


def novelty(recommended: NDArray[np.int32], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean self-information of the items of each list in bits; NaN for empty lists.

    Zhou et al. 2010: ``-log2`` of the share of users who took the item.

    Parameters
    ----------
    recommended : int32, shape (n_users, k)
        Padded with ``NOBODY``.
    share : float64, shape (n_items,)
        Share of users who took each item, above 0.
    """
    shown = recommended != NOBODY
    bits = np.where(shown, -np.log2(share)[recommended], 0.0)
    return _share(bits.sum(axis=1), shown.sum(axis=1))


def intra_list_similarity(
    recommended: NDArray[np.int32],
    taker: NDArray[np.int32],
    taken: NDArray[np.int32],
    *,
    n_items: int,
) -> NDArray[np.float64]:
    """Return how alike the items of each list are; NaN for lists of fewer than two.

    Ziegler et al. 2005, as the mean over all pairs of a list: the cosine of the sets of users who
    took them, in [0, 1]. Items that nobody took are like no other.

    Parameters
    ----------
    recommended : int32, shape (n_lists, k)
        Item rows, distinct within a list, padded with ``NOBODY``.
    taker, taken : int32, shape (n_pairs,)
        Who took what; distinct pairs of user and item row.
    n_items : int
        Items there are.

    Notes
    -----
    Cosines are worked out once for each pair of items that some list holds, in blocks of items:
    never more than ``BLOCK`` times n_items numbers are held.
    """
    from scipy.sparse import csr_array

    counts = np.bincount(taken, minlength=n_items)
    users = int(taker.max(initial=-1)) + 1
    unit = csr_array((1 / np.sqrt(counts[taken]), (taken, taker)), shape=(n_items, users))
    pair, of_list = _pairs(recommended, n_items)
    distinct, place = np.unique(pair, return_inverse=True)
    alike = np.zeros(len(distinct))
    first, second = np.divmod(distinct, max(n_items, 1))
    for start in range(0, n_items, BLOCK):
        low, high = np.searchsorted(first, (start, start + BLOCK))
        if low == high:
            continue
        rows, own = np.unique(first[low:high], return_inverse=True)
        columns, other = np.unique(second[low:high], return_inverse=True)
        alike[low:high] = (unit[rows] @ unit[columns].T).toarray()[own, other]
    whole = np.bincount(of_list, alike[place], minlength=len(recommended))
    size = (recommended != NOBODY).sum(axis=1)
    return _share(whole, size * (size - 1) // 2)


def _pairs(
    recommended: NDArray[np.int32], n_items: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every pair of items in a list, lower row first, as one number, and whose it is."""
    k = recommended.shape[1]
    one, two = np.triu_indices(k, 1)
    low = np.minimum(recommended[:, one], recommended[:, two]).astype(np.int64)
    high = np.maximum(recommended[:, one], recommended[:, two])
    there = low != NOBODY
    return (low * n_items + high)[there], np.nonzero(there)[0]


def short_head(counts: NDArray[np.int64], *, share: float = 1 / 3) -> NDArray[np.bool_]:
    """Return the few items that hold a `share` of all that was taken, bool, shape (n_items,).

    Cremonesi, Koren & Turrin 2010, section 3: a third is the short head, the rest is the tail.

    Parameters
    ----------
    counts : int64, shape (n_items,)
        How often each item was taken; ties by the lower row. Without any, no item is head.
    share : float
        In (0, 1).
    """
    order = np.argsort(-counts, kind="stable")
    held_by_better = np.cumsum(counts[order]) - counts[order]
    head = np.zeros(len(counts), bool)
    head[order] = held_by_better < share * counts.sum()
    return head


def coverage(recommended: NDArray[np.int32], *, n_items: int) -> float:
    """Return the share of `n_items` recommendable items that are in at least one list."""
    shown = np.unique(recommended[recommended != NOBODY])
    return len(shown) / n_items if n_items else float("nan")


def gini(recommended: NDArray[np.int32], *, n_items: int) -> float:
    """Return how unequally items are shown: 0 all alike, near 1 always the same few.

    The Gini coefficient over `n_items` recommendable items; NaN when nothing is shown.
    """
    shown = recommended[recommended != NOBODY]
    counts = np.zeros(n_items)
    times_shown = np.unique(shown, return_counts=True)[1]
    counts[n_items - len(times_shown) :] = np.sort(times_shown)
    if not len(shown):
        return float("nan")
    rank = np.arange(1, n_items + 1)
    return float((2 * rank - n_items - 1) @ counts / (n_items * counts.sum()))


def _share(
    part: NDArray[np.floating | np.integer], whole: NDArray[np.floating | np.integer]
) -> NDArray[np.float64]:
    share = np.full(len(part), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share
