"""What users did: the columns in which events are kept for models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from recsys.data.ids import IdMap
from recsys.data.surfaces import Occasions


def in_line(
    user_row: NDArray[np.integer],
    at: NDArray[np.int64],
    instants: NDArray[np.int64],
    *,
    side: Literal["left", "right"] = "left",
) -> NDArray[np.int64]:
    """Return numbers that ascend by user, then by time, int64, shape (n,).

    Of a time counts how many of the ascending `instants` lie before it (`side` ``right``: or at
    it): user and rank fit one number for any user, user and microseconds do not.
    """
    rank = np.searchsorted(instants, at, side=side)
    return user_row.astype(np.int64) * (len(instants) + 1) + rank


class UserEvents(Struct, frozen=True):
    """Events of one user, oldest first: a view into arrays, never a copy.

    Attributes
    ----------
    item_row : int32, shape (n,)
        Row of the item, ``NO_ITEM`` where the event has none or the model does not know it.
    kind : int8, shape (n,)
        Index into the kinds of the table the events came from.
    at : int64, shape (n,)
        Microseconds since the epoch, ascending.
    quantity : float32, shape (n,)
        Units, positive (a return is a kind, not a negative number).
    value : float64, shape (n,)
        Money of the whole event (unit price times quantity).
    """

    item_row: NDArray[np.int32]
    kind: NDArray[np.int8]
    at: NDArray[np.int64]
    quantity: NDArray[np.float32]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.at)

    def followed_by(self, later: UserEvents) -> UserEvents:
        """Return these events and the `later` ones, in order of time; ties keep this order."""
        if not len(later):
            return self
        if not len(self):
            return later
        at = np.concatenate([self.at, later.at])
        order = slice(None) if later.at[0] >= self.at[-1] else np.argsort(at, kind="stable")
        return UserEvents(
            item_row=np.concatenate([self.item_row, later.item_row])[order],
            kind=np.concatenate([self.kind, later.kind])[order],
            at=at[order],
            quantity=np.concatenate([self.quantity, later.quantity])[order],
            value=np.concatenate([self.value, later.value])[order],
        )


def joined(before: Interactions, after: Interactions) -> Interactions:
    """Return the events of two tables of the same rows, none of `after` earlier than `before`.

    What was known when, on which occasions and in which orders is left out.
    """
    columns = (
        np.concatenate([getattr(table, name) for table in (before, after)])
        for name in UserEvents.__struct_fields__
    )
    return Interactions.of(
        before.users,
        before.items,
        before.kinds,
        user_row=np.concatenate([before.user_row, after.user_row]),
        events=UserEvents(*columns),
    )


NO_EVENTS = UserEvents(
    item_row=np.empty(0, np.int32),
    kind=np.empty(0, np.int8),
    at=np.empty(0, np.int64),
    quantity=np.empty(0, np.float32),
    value=np.empty(0, np.float64),
)


@dataclass(frozen=True, slots=True)
class Interactions:
    """All interactions, grouped by user and in order of time within a user.

    The columns are those of :class:`UserEvents`, for all users; user ``u`` owns
    ``indptr[u]:indptr[u + 1]``. Every user and item has a row whether or not it has events here,
    so that parts of one table (before a cutoff, after it) share their rows.

    Attributes
    ----------
    users, items : IdMap
        What the rows mean.
    kinds : tuple of str
        What the kind numbers mean.
    indptr : int64, shape (n_users + 1,)
        Where each user's events start.
    known_at : int64, shape (n,), or None
        When each event was known of, never before `at`; None where all were at once.
    occasions : Occasions or None
        Device and placement of each event; None where no event says either.
    order : int64, shape (n,), or None
        Number of the order of each event (:func:`recsys.data.netting.order_number`), 0 where it
        names none; None where none does.
    """

    users: IdMap
    items: IdMap
    kinds: tuple[str, ...]
    indptr: NDArray[np.int64]
    item_row: NDArray[np.int32]
    kind: NDArray[np.int8]
    at: NDArray[np.int64]
    quantity: NDArray[np.float32]
    value: NDArray[np.float64]
    known_at: NDArray[np.int64] | None = None
    occasions: Occasions | None = None
    order: NDArray[np.int64] | None = None

    @classmethod
    def of(
        cls,
        users: IdMap,
        items: IdMap,
        kinds: tuple[str, ...],
        *,
        user_row: NDArray[np.int32],
        events: UserEvents,
        known_at: NDArray[np.int64] | None = None,
    ) -> Interactions:
        """Return the table of `events`, given in any order; ties in time keep their order."""
        order = np.lexsort((events.at, user_row))
        counts = np.bincount(user_row, minlength=len(users))
        return cls(
            users=users,
            items=items,
            kinds=kinds,
            indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)]),
            item_row=events.item_row[order].astype(np.int32, copy=False),
            kind=events.kind[order].astype(np.int8, copy=False),
            at=events.at[order].astype(np.int64, copy=False),
            quantity=events.quantity[order].astype(np.float32, copy=False),
            value=events.value[order].astype(np.float64, copy=False),
            known_at=None if known_at is None else known_at[order],
        )

    def __len__(self) -> int:
        return len(self.at)

    @property
    def user_row(self) -> NDArray[np.int32]:
        """The user's row of each event, int32, shape (n,)."""
        return np.repeat(np.arange(len(self.users), dtype=np.int32), np.diff(self.indptr))

    @property
    def end(self) -> int:
        """The first instant after the last event: everything here is strictly before it."""
        return int(self.at.max()) + 1 if len(self) else 0

    def of_user(self, user_row: int) -> UserEvents:
        """Return the events of one user, as views."""
        own = slice(self.indptr[user_row], self.indptr[user_row + 1])
        return UserEvents(
            self.item_row[own], self.kind[own], self.at[own], self.quantity[own], self.value[own]
        )

    def orders_of_user(self, user_row: int) -> NDArray[np.int64]:
        """Return the order of each event of one user, 0 where none is known."""
        own = slice(self.indptr[user_row], self.indptr[user_row + 1])
        return np.zeros(own.stop - own.start, np.int64) if self.order is None else self.order[own]

    def of_users(self, user_rows: Sequence[int]) -> tuple[UserEvents, NDArray[np.int64]]:
        """Return the events of a few users as those of one, oldest first, and the order of each."""
        past, orders = NO_EVENTS, np.zeros(0, np.int64)
        for row in user_rows:
            own = self.of_user(row)
            both = np.concatenate([past.at, own.at])
            orders = np.concatenate([orders, self.orders_of_user(row)])[both.argsort(kind="stable")]
            past = past.followed_by(own)
        return past, orders

    def where(self, keep: NDArray[np.bool_]) -> Interactions:
        """Return the events marked in `keep`, bool, shape (n,); rows keep their meaning."""
        kept_before = np.concatenate([np.zeros(1, np.int64), np.cumsum(keep, dtype=np.int64)])
        return Interactions(
            users=self.users,
            items=self.items,
            kinds=self.kinds,
            indptr=kept_before[self.indptr],
            item_row=self.item_row[keep],
            kind=self.kind[keep],
            at=self.at[keep],
            quantity=self.quantity[keep],
            value=self.value[keep],
            known_at=None if self.known_at is None else self.known_at[keep],
            occasions=None if self.occasions is None else self.occasions.where(keep),
            order=None if self.order is None else self.order[keep],
        )

    def before(self, cutoff: int) -> Interactions:
        """Return the events that happened, and were known of, strictly before `cutoff`."""
        return self.where((self.at if self.known_at is None else self.known_at) < cutoff)

    def between(self, start: int, end: int) -> Interactions:
        """Return the events at or after `start` and strictly before `end`."""
        return self.where((self.at >= start) & (self.at < end))

    def of_kind(self, *kinds: str) -> Interactions:
        """Return the events of the given kinds."""
        wanted = [index for index, kind in enumerate(self.kinds) if kind in kinds]
        return self.where(np.isin(self.kind, wanted))
