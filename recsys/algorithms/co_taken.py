"""How strongly items are taken together, a block of items at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BLOCK = 512
"""Items whose edges are worked out at a time, at the most."""

CELLS = 8_000_000
"""Fewer where there are many items: a block takes 4 bytes for each of so many weights."""

HELD = 20_000_000
"""Pairs of items that are remembered, at 8 bytes each; others are worked out once more."""


@dataclass(frozen=True, slots=True)
class CoTaken:
    """How strongly items are taken together, ``Rᵀ D_u^(-2·user_exponent) R``, without its diagonal.

    Of many items that are taken in long histories it is too large to be held: it is worked out for
    a block of items at a time.

    Attributes
    ----------
    of_users : csr_array of float32, shape (n_users, n_items)
        ``D_u^-user_exponent R``.
    of_items : csr_array of float32, shape (n_items, n_users)
        The same, item by item.
    held : dict of int to csr_array
        Blocks by where they begin, of at most ``HELD`` pairs of items.
    """

    of_users: csr_array
    of_items: csr_array
    held: dict[int, csr_array]

    @classmethod
    def of(cls, histories: Histories, user_exponent: float) -> CoTaken:
        """Normalise the histories."""
        matrix = normalised(histories, user_exponent, item_exponent=0.0)
        return cls(matrix, matrix.T.tocsr(), {})

    @property
    def blocks(self) -> list[slice]:
        """Which items are worked out at a time."""
        n_items = self.of_items.shape[0]
        size = max(1, min(BLOCK, CELLS // max(n_items, 1)))
        return [slice(start, start + size) for start in range(0, n_items, size)]

    def rows(self, block: slice) -> csr_array:
        """Return the rows of a block of items, their ends ascending; 0 for the item itself."""
        if block.start in self.held:
            return self.held[block.start]
        # Transposed twice: what a product of sparse matrices holds is in no order.
        found: csr_array = (self.of_items[block] @ self.of_users).tocsc().tocsr()
        item = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr)) + block.start
        found.data[found.indices == item] = 0
        if found.nnz + sum(each.nnz for each in self.held.values()) <= HELD:
            self.held[block.start] = found
        return found

    def squares(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weighted sum of the squares of each row, float64, shape (n_items,)."""
        found = np.zeros(self.of_items.shape[0])
        for block in self.blocks:
            found[block] = self.rows(block) ** 2 @ weight
        return found


def popularity(histories: Histories) -> NDArray[np.float64]:
    """Return how much of each item was taken; 1 where nothing was, float64, shape (n_items,)."""
    taken = np.bincount(histories.item_row, histories.weight, minlength=histories.n_items)
    return np.where(taken > 0, taken, 1.0)


def normalised(histories: Histories, user_exponent: float, *, item_exponent: float) -> csr_array:
    """Return ``D_u^-user_exponent R D_i^-item_exponent``, float32, shape (n_users, n_items)."""
    from scipy.sparse import csr_array

    users = histories.user_row
    strength = np.bincount(users, histories.weight, minlength=len(histories))
    value = histories.weight * strength[users] ** -user_exponent
    value *= popularity(histories)[histories.item_row] ** -item_exponent
    return csr_array(
        (value.astype(np.float32), histories.item_row, histories.indptr),
        shape=(len(histories), histories.n_items),
    )
