"""Ids into rows and back, and what is held out of the histories."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories
from training.benchmark.files import Baskets


@dataclass(frozen=True, slots=True)
class Taken:
    """A file in rows.

    Attributes
    ----------
    users : sequence of str
        Id of each user row.
    items : sequence of str
        Id of each item row, in the order of first sight.
    user_row, item_row : int32, shape (n_pairs,)
        The pairs; within a user in the order of the file.
    """

    users: Sequence[str]
    items: Sequence[str]
    user_row: NDArray[np.int32]
    item_row: NDArray[np.int32]

    @classmethod
    def of(cls, baskets: Baskets) -> Taken:
        """Give rows to all ids."""
        items: dict[str, int] = {}
        rows = [items.setdefault(item, len(items)) for own in baskets.values() for item in own]
        counts = [len(own) for own in baskets.values()]
        return cls(
            users=tuple(baskets),
            items=tuple(items),
            user_row=np.repeat(np.arange(len(counts), dtype=np.int32), counts),
            item_row=np.array(rows, np.int32),
        )

    @property
    def counts(self) -> dict[str, int]:
        """Users, items and pairs, by which a published data set is known."""
        return {"users": len(self.users), "items": len(self.items), "pairs": len(self.item_row)}

    @property
    def starts(self) -> NDArray[np.int64]:
        """The first pair of each user; every user must have one."""
        return np.searchsorted(self.user_row, np.arange(len(self.users)))

    def histories(self, chosen: NDArray[np.bool_] | None = None) -> Histories:
        """Return the histories of all users, of the chosen pairs only; repeats count once."""
        pairs = slice(None) if chosen is None else chosen
        users, items = self.user_row[pairs], self.item_row[pairs]
        users, items = np.unique(np.stack([users, items]), axis=1)
        return Histories.of(
            users, items, np.ones(len(users)), n_users=len(self.users), n_items=len(self.items)
        )

    def wanted(self, baskets: Baskets) -> Histories:
        """Return what a test file wants of each user; items that training lacks get rows beyond."""
        rows = {item: row for row, item in enumerate(self.items)}
        pairs = [
            (user, rows.setdefault(item, len(rows)))
            for user, name in enumerate(self.users)
            for item in dict.fromkeys(baskets.get(name, ()))
        ]
        users, items = np.array(pairs, np.int32).reshape(-1, 2).T
        return Histories.of(
            users, items, np.ones(len(users)), n_users=len(self.users), n_items=len(rows)
        )

    def ids(self, lists: NDArray[np.int32]) -> Iterable[list[str]]:
        """Return the item ids of ranked lists."""
        return ([self.items[row] for row in own if row >= 0] for own in lists.tolist())


def with_users(baskets: Baskets, more: Baskets) -> Baskets:
    """Return `baskets` with the users that only `more` has, without items."""
    return {**{user: [] for user in more}, **baskets} if more.keys() - baskets else baskets


def hold_out(user_row: NDArray[np.int32], share: float, *, seed: int) -> NDArray[np.bool_]:
    """Mark a random share of each user's pairs, rounded; at least one stays where there is one.

    Parameters
    ----------
    user_row : int32, shape (n_pairs,)
        Ascending.
    share : float
        In [0, 1].
    seed : int
        Same seed, same pairs.
    """
    shuffled = np.lexsort((np.random.default_rng(seed).random(len(user_row)), user_row))
    counts = np.bincount(user_row)
    place = np.arange(len(user_row)) - np.repeat(np.cumsum(counts) - counts, counts)
    quota = np.minimum(np.floor(counts * share + 0.5), counts - 1)
    held = np.zeros(len(user_row), np.bool_)
    held[shuffled] = place < quota[user_row]
    return held


def from_the_end(user_row: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the place of each pair counted from its user's last, which is 0.

    Parameters
    ----------
    user_row : int32, shape (n_pairs,)
        Ascending; within a user in time order.
    """
    ends = np.cumsum(np.bincount(user_row))
    return ends[user_row] - 1 - np.arange(len(user_row))
