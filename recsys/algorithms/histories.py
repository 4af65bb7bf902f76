"""What users took and how strongly: the sparse matrix that the algorithms learn from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Histories:
    """One row a user, one column an item, in compressed rows.

    Attributes
    ----------
    indptr : int64, shape (n_users + 1,)
        User ``u`` owns the pairs ``indptr[u]:indptr[u + 1]``.
    item_row : int32, shape (n_pairs,)
        Ascending and distinct within a user.
    weight : float32, shape (n_pairs,)
        How strongly, positive.
    n_items : int
        Columns, whether or not anybody took them.
    """

    indptr: NDArray[np.int64]
    item_row: NDArray[np.int32]
    weight: NDArray[np.float32]
    n_items: int

    @classmethod
    def of(
        cls,
        user_row: NDArray[np.int32],
        item_row: NDArray[np.int32],
        strength: NDArray[np.float64],
        *,
        n_users: int,
        n_items: int,
    ) -> Histories:
        """Add up the strengths of each (user, item) pair and drop pairs that net to 0 or less.

        Strengths are added in the order given, in double precision: a user alone and among
        others gets the same bits.
        """
        pair = user_row.astype(np.int64) * n_items + item_row
        distinct, pair_row = np.unique(pair, return_inverse=True)
        net = np.bincount(pair_row, strength, minlength=len(distinct))
        kept = net > 0
        users, items = np.divmod(distinct[kept], max(n_items, 1))
        counts = np.bincount(users, minlength=n_users)
        return cls(
            indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)]),
            item_row=items.astype(np.int32),
            weight=net[kept].astype(np.float32),
            n_items=n_items,
        )

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def __iter__(self) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32]]]:
        return (self.of_user(row) for row in range(len(self)))

    @property
    def user_row(self) -> NDArray[np.int32]:
        """The user's row of each pair, int32, shape (n_pairs,)."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.indptr))

    def of_user(self, user_row: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the item rows and weights of one user, as views."""
        own = slice(self.indptr[user_row], self.indptr[user_row + 1])
        return self.item_row[own], self.weight[own]

    def of_users(self, user_rows: NDArray[np.int32]) -> Histories:
        """Return the histories of some users, in the order given."""
        counts = np.diff(self.indptr)[user_rows]
        ends = np.cumsum(counts, dtype=np.int64)
        pairs = np.arange(counts.sum()) + np.repeat(self.indptr[user_rows] - ends + counts, counts)
        return Histories(
            indptr=np.concatenate([np.zeros(1, np.int64), ends]),
            item_row=self.item_row[pairs],
            weight=self.weight[pairs],
            n_items=self.n_items,
        )
