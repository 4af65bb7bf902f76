"""A file as interactions, and what is held out of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.times import DAY
from recsys.evaluation import split
from recsys.evaluation.split import Relevant
from training.benchmark.files import Baskets
from training.items.held_out import HeldOut

KIND = "purchase"
STEP = 30 * DAY
"""Time from one item of a sequence to the next (microseconds): such a file tells the order only."""


@dataclass(frozen=True, slots=True)
class BenchmarkWorld:
    """A file of baskets or sequences.

    Attributes
    ----------
    users : tuple of str
        In the order of the file.
    events : Interactions
        One for each pair; its rows are those of sorted ids.
    """

    users: tuple[str, ...]
    events: Interactions

    @classmethod
    def of(cls, baskets: Baskets, *, ordered: bool) -> BenchmarkWorld:
        """Return every item of every user as taken: all at once, or one after the other.

        The last items of all sequences are taken at the same time.
        """
        users, items = IdMap.of(baskets), IdMap.of(i for own in baskets.values() for i in own)
        counts = np.array([len(own) for own in baskets.values()], np.int64)
        to_the_end = np.repeat(np.cumsum(counts), counts) - np.arange(1, counts.sum() + 1)
        n = len(to_the_end)
        return cls(
            tuple(baskets),
            Interactions.of(
                users,
                items,
                (KIND,),
                user_row=np.repeat(users.rows(baskets), counts),
                events=UserEvents(
                    item_row=items.rows(item for own in baskets.values() for item in own),
                    kind=np.zeros(n, np.int8),
                    at=-STEP * to_the_end if ordered else np.zeros(n, np.int64),
                    quantity=np.ones(n, np.float32),
                    value=np.zeros(n),
                ),
            ),
        )

    @property
    def counts(self) -> dict[str, int]:
        """Users, items and pairs, by which a published data set is known."""
        events = self.events
        return {"users": len(events.users), "items": len(events.items), "pairs": len(events)}

    @property
    def rows(self) -> NDArray[np.int32]:
        """The row of each user in the order of the file, int32, shape (n_users,)."""
        return self.events.users.rows(self.users)

    @property
    def everything(self) -> NDArray[np.bool_]:
        """What may be recommended: all items, bool, shape (n_items,)."""
        return np.ones(len(self.events.items), bool)

    def wanted(self, baskets: Baskets) -> Relevant:
        """Return what a test file wants of each user; items that training lacks get rows beyond."""
        known = {item: row for row, item in enumerate(self.events.items)}
        pairs = {
            int(user): sorted({known.setdefault(item, len(known)) for item in baskets[name]})
            for user, name in enumerate(self.events.users)
            if baskets.get(name)
        }
        counts = np.fromiter(map(len, pairs.values()), np.int64, len(pairs))
        return Relevant(
            user_row=np.fromiter(pairs, np.int32, len(pairs)),
            indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
            item_row=np.fromiter((row for own in pairs.values() for row in own), np.int32),
        )

    def ids(self, lists: NDArray[np.int32]) -> Iterable[list[str]]:
        """Return the item ids of ranked lists."""
        names = tuple(self.events.items)
        return ([names[row] for row in own if row >= 0] for own in lists.tolist())


def with_users(baskets: Baskets, more: Baskets) -> Baskets:
    """Return `baskets` with the users that only `more` has, without items."""
    return {**{user: [] for user in more}, **baskets} if more.keys() - baskets else baskets


def hold_out(events: Interactions, held: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> HeldOut:
    """Hold out some events, of which those `wanted` are looked for where they are new to the user.

    Parameters
    ----------
    events : Interactions
        Of a file.
    held, wanted : bool, shape (n_events,)
        What is not known, and what of it is looked for.
    """
    before = events.where(~held)
    found = events.where(wanted & ~np.isin(_pairs(events), _pairs(before)))
    cutoff = int(found.at.min(initial=events.end))
    return HeldOut(before, split.relevant(found, np.ones(len(events.items), bool)), cutoff)


def at_random(events: Interactions, share: float, *, seed: int) -> NDArray[np.bool_]:
    """Mark all events of a random share of each user's items, rounded; at least one item stays.

    Parameters
    ----------
    events : Interactions
        Of a file.
    share : float
        In [0, 1].
    seed : int
        Same seed, same events.
    """
    pairs, place = np.unique(_pairs(events), return_inverse=True)
    user = pairs // max(len(events.items), 1)
    shuffled = np.lexsort((np.random.default_rng(seed).random(len(pairs)), user))
    counts = np.bincount(user, minlength=len(events.users))
    rank = np.empty(len(pairs), np.int64)
    rank[shuffled] = np.arange(len(pairs)) - np.repeat(np.cumsum(counts) - counts, counts)
    quota = np.minimum(np.floor(counts * share + 0.5), counts - 1)
    return np.asarray((rank < quota[user])[place], np.bool_)


def from_the_end(events: Interactions) -> NDArray[np.int64]:
    """Return the place of each event counted from its user's last, which is 0."""
    return events.indptr[1:][events.user_row] - 1 - np.arange(len(events))


def _pairs(events: Interactions) -> NDArray[np.int64]:
    return events.user_row.astype(np.int64) * max(len(events.items), 1) + events.item_row
