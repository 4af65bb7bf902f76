"""Groups of users who take the same kind of things, whatever their rhythm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import NO_ITEM

MIN_ITEMS = 3
NO_CLUSTER = -1
BLOCK = 20_000
"""Users looked at together: what they took is held as one vector an event."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """What items are about, and the centres of what users are about.

    Attributes
    ----------
    names : tuple of str
        One for each cluster: what sets it apart most.
    typical : tuple of tuple of str
        What sets each cluster apart, most first: categories or titles.
    item_vectors : float32, shape (n_items, n_dimensions)
        What each item is about: its category, or its factors.
    centres : float32, shape (n_clusters, n_dimensions)
        The mean content of a cluster's users.
    stability : float
        Mean adjusted Rand index between the clusters and those of bootstrap samples of the users.
    min_items : int
        Different items that place a user.
    """

    names: tuple[str, ...]
    typical: tuple[tuple[str, ...], ...]
    item_vectors: NDArray[np.float32]
    centres: NDArray[np.float32]
    stability: float
    min_items: int = MIN_ITEMS

    def of_one(self, item_row: NDArray[np.int32]) -> int:
        """Return what :meth:`of` does for the events of one user, without arrays of one."""
        items = np.unique(item_row[item_row != NO_ITEM])
        if len(items) < self.min_items:
            return NO_CLUSTER
        vector = self.item_vectors[items].sum(0)
        length = np.linalg.norm(vector)
        if length == 0:
            return NO_CLUSTER
        return int((self.centres @ (vector / length) - 0.5 * (self.centres**2).sum(1)).argmax())

    def of(self, item_row: NDArray[np.int32], indptr: NDArray[np.int64]) -> NDArray[np.int8]:
        """Return the cluster whose centre is nearest to each user's content.

        Parameters
        ----------
        item_row : int32, shape (n_events,)
            What users took, grouped by user; ``NO_ITEM`` is left out.
        indptr : int64, shape (n_users + 1,)
            Where each user's events start.

        Returns
        -------
        int8, shape (n_users,)
            ``NO_CLUSTER`` for users with fewer than `min_items` different items; ties go to the
            lower cluster.
        """
        found = np.full(len(indptr) - 1, NO_CLUSTER, np.int8)
        for start in range(0, len(found), BLOCK):
            ends = indptr[start : start + BLOCK + 1]
            some = item_row[ends[0] : ends[-1]]
            enough, vectors = content(self.item_vectors, some, ends - ends[0], least=self.min_items)
            near = vectors @ self.centres.T - 0.5 * (self.centres**2).sum(1)
            found[start : start + BLOCK] = np.where(enough, near.argmax(1), NO_CLUSTER)
        return found


def content(
    item_vectors: NDArray[np.float32],
    item_row: NDArray[np.int32],
    indptr: NDArray[np.int64],
    *,
    least: int = MIN_ITEMS,
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return what each user is about: the direction of the mean over the user's different items.

    Returns
    -------
    known : bool, shape (n_users,)
        Whether there are `least` different items, and they say anything.
    found : float32, shape (n_users, n_dimensions)
        Of unit length; zeros where not known.
    """
    n_users, n_items = len(indptr) - 1, len(item_vectors)
    user_row, items = different(item_row, indptr, n_items=n_items)
    vectors = np.zeros((n_users, item_vectors.shape[1]), np.float32)
    counts = np.bincount(user_row, minlength=n_users)
    if len(items):
        starts = (np.cumsum(counts) - counts)[counts > 0]
        vectors[counts > 0] = np.add.reduceat(item_vectors[items], starts, axis=0)
    length = np.linalg.norm(vectors, axis=1)
    enough = (counts >= least) & (length > 0)
    vectors /= np.where(enough, length, 1)[:, None]
    return enough, np.where(enough[:, None], vectors, 0).astype(np.float32)


def different(
    item_row: NDArray[np.int32], indptr: NDArray[np.int64], *, n_items: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each pair of a user and an item once, as (user rows, item rows), by user and item."""
    user_row = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    some = item_row != NO_ITEM
    return distinct(user_row[some], item_row[some], size=max(n_items, 1))


def distinct(
    first: NDArray[np.integer], second: NDArray[np.integer], *, size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each pair of numbers once, ascending by the first; the second is below `size`.

    By sorting: `np.unique` hashes, which takes ten times as long for a million pairs.
    """
    pairs = np.sort(first.astype(np.int64) * size + second)
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    return pairs // size, pairs % size
