"""Train strictly before a cutoff, judge at or after it: the same instant for all users."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.data.times import DAY


@dataclass(frozen=True, slots=True)
class Relevant:
    """What the users of a test window took.

    Attributes
    ----------
    user_row : int32, shape (n,)
        Users with at least one relevant item, ascending.
    indptr : int64, shape (n + 1,)
        The i-th of them owns ``item_row[indptr[i]:indptr[i + 1]]``.
    item_row : int32, shape (n_pairs,)
        Ascending and distinct within a user.
    """

    user_row: NDArray[np.int32]
    indptr: NDArray[np.int64]
    item_row: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.user_row)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Relevant items of each user, int64, shape (n,)."""
        return np.diff(self.indptr)

    def where(self, keep: NDArray[np.bool_]) -> Relevant:
        """Return some pairs, bool, shape (n_pairs,); all users stay, some may lose everything."""
        kept_before = np.concatenate([np.zeros(1, np.int64), np.cumsum(keep, dtype=np.int64)])
        return Relevant(self.user_row, kept_before[self.indptr], self.item_row[keep])

    def of(self, places: NDArray[np.int64]) -> Relevant:
        """Return some users, given by their place here in ascending order."""
        kept = np.zeros(len(self), bool)
        kept[places] = True
        ends = np.cumsum(self.counts[kept], dtype=np.int64)
        return Relevant(
            user_row=self.user_row[kept],
            indptr=np.concatenate([np.zeros(1, np.int64), ends]),
            item_row=self.item_row[np.repeat(kept, self.counts)],
        )

    @property
    def pair_user(self) -> NDArray[np.int32]:
        """The user's row of each pair, int32, shape (n_pairs,)."""
        return np.repeat(self.user_row, self.counts)


def cutoff(interactions: Interactions, *, days: int) -> int:
    """Return the instant `days` before the end of the events (microseconds)."""
    return interactions.end - days * DAY


def relevant(interactions: Interactions, available: NDArray[np.bool_]) -> Relevant:
    """Return the distinct available items of each user with any.

    Parameters
    ----------
    interactions : Interactions
        Of the test window and of the kinds that count.
    available : bool, shape (n_items,)
        What could have been recommended.
    """
    row = interactions.item_row
    kept = (row >= 0) & available[row]
    n_items = max(len(available), 1)
    pairs = np.unique(interactions.user_row[kept].astype(np.int64) * n_items + row[kept])
    users, counts = np.unique(pairs // n_items, return_counts=True)
    return Relevant(
        user_row=users.astype(np.int32),
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)]),
        item_row=(pairs % n_items).astype(np.int32),
    )


def drawn(wanted: Relevant, users: IdMap, *, most: int, seed: int) -> Relevant:
    """Return what so many users wanted, drawn by a hash of their ids.

    The same users are drawn of other data with the same seed, as far as they are there: what is
    measured of them compares.
    """
    if len(wanted) <= most:
        return wanted
    key = seed.to_bytes(8, "little")
    lots = [
        blake2b(users[row].encode(), digest_size=8, key=key).digest()
        for row in wanted.user_row.tolist()
    ]
    places = sorted(range(len(lots)), key=lots.__getitem__)[:most]
    return wanted.of(np.array(sorted(places), np.int64))
