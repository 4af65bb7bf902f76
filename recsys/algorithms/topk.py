"""The k highest scores, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 16
"""Scores a block; a quarter to four times as many make no difference."""


def top_k(score: NDArray[np.float32], k: int) -> NDArray[np.int32]:
    """Return the rows of the `k` highest scores, highest first, ties by the lower row.

    Parameters
    ----------
    score : float32, shape (n,)
        ``-inf`` marks what must not be returned; no NaN.
    k : int
        0 or more, may exceed `n`.

    Returns
    -------
    int32, shape (at most k,)
        Fewer where fewer scores are above ``-inf``.

    Notes
    -----
    The k-th largest of the maxima of disjoint blocks is a lower bound of the k-th largest score,
    so only scores at or above it need sorting: one pass over the scores instead of a selection.
    """
    n_blocks = len(score) // BLOCK
    if n_blocks > k > 0:
        maxima = score[: n_blocks * BLOCK].reshape(BLOCK, n_blocks).max(axis=0)
        bound = np.partition(maxima, n_blocks - k)[n_blocks - k]
        rows = np.flatnonzero(score >= bound)
    else:
        rows = np.arange(len(score))
    ranked = rows[np.argsort(-score[rows], kind="stable")][:k]
    return ranked[score[ranked] > -np.inf].astype(np.int32)


def strongest(score: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the columns of the `k` highest scores of each row, ascending; as :func:`top_k`.

    Parameters
    ----------
    score : float32, shape (n_rows, n)
        As there.
    k : int
        As there.

    Returns
    -------
    counts : int64, shape (n_rows,)
        How many each row has, at most `k`.
    columns : int32, shape (counts.sum(),)
        One row after the other.
    """
    n = score.shape[1]
    if n // BLOCK > k > 0:
        # Long rows: bounds that leave little to sort pay more than all rows at once.
        each = [np.sort(top_k(row, k)) for row in score]
        counts = np.array([len(columns) for columns in each], np.int64)
        return counts, np.concatenate([np.empty(0, np.int32), *each])
    if 0 < k < n:
        least = np.partition(score, n - k, axis=1)[:, n - k, None]
        level = score == least
        kept = score > least
        # Of what is level with the last, the lower columns, as many as are still wanted.
        kept |= level & (level.cumsum(axis=1, dtype=np.int32) <= k - kept.sum(axis=1)[:, None])
    else:
        kept = np.full(score.shape, k > 0)
    kept &= score > -np.inf
    return kept.sum(axis=1), np.nonzero(kept)[1].astype(np.int32)


def first_allowed(
    ranked: NDArray[np.int32], allowed: NDArray[np.bool_], limit: int
) -> NDArray[np.int32]:
    """Return the first `limit` rows of a ranking that are allowed, in its order.

    Parameters
    ----------
    ranked : int32, shape (n,)
        Best first.
    allowed : bool, shape (n_items,)
        By item row.
    limit : int
        0 or more; looks no further down the ranking than it must.
    """
    depth = 4 * limit + BLOCK
    while True:
        head = ranked[:depth]
        kept = head[allowed[head]]
        if len(kept) >= limit or depth >= len(ranked):
            return kept[:limit]
        depth *= 8
