"""What happened: ids, kinds, and the columns in which events are kept.

Times are ``int64`` microseconds since 1970-01-01 UTC, everywhere. Ids leave this module as
``str`` and enter matrices as *rows*: positions in an :class:`IdMap`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal, NewType

import numpy as np
from numpy.typing import NDArray

from recsys.occasions import Occasions

UserId = NewType("UserId", str)
ItemId = NewType("ItemId", str)

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
NO_ITEM = -1
SMALL = 50_000
"""Up to so many ids a dict is cheap enough for every worker, and five times as fast."""


def micros(moment: datetime) -> int:
    """Return microseconds since the epoch of an aware `moment`."""
    return int(moment.timestamp() * SECOND)


def moment(at: int) -> datetime:
    """Return the aware UTC datetime of `at` microseconds since the epoch."""
    return datetime.fromtimestamp(at // SECOND, UTC).replace(microsecond=at % SECOND)


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


@dataclass(frozen=True)
class IdMap:
    """A sorted set of ids; the place of an id in it is its row.

    Kept as one UTF-8 blob with offsets, so that millions of ids are memory-mapped and shared
    by all workers instead of being copied into a dict of each. Looking a row up is a bisection;
    up to ``SMALL`` ids it is a look-up in a dict, made when first used.

    Attributes
    ----------
    blob : uint8, shape (n_bytes,)
        The ids in order of their UTF-8 bytes, one after the other.
    offsets : int64, shape (n_ids + 1,)
        Where each id starts; the last entry is ``n_bytes``.
    """

    blob: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, ids: Iterable[str]) -> IdMap:
        """Return the map over the distinct `ids`, in any order."""
        encoded = sorted({identifier.encode() for identifier in ids})
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        return cls(
            blob=np.frombuffer(b"".join(encoded), np.uint8),
            offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
        )

    @cached_property
    def _bytes(self) -> memoryview:
        return memoryview(self.blob.data) if len(self.blob) else memoryview(b"")

    @cached_property
    def _known(self) -> dict[str, int]:
        return {identifier: row for row, identifier in enumerate(self)}

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> str:
        start, end = self.offsets[row], self.offsets[row + 1]
        return self._bytes[start:end].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        return (self[row] for row in range(len(self)))

    def row(self, identifier: str) -> int | None:
        """Return the row of `identifier`, or None when the map does not hold it."""
        if len(self) <= SMALL:
            return self._known.get(identifier)
        wanted = identifier.encode("utf-8", "surrogatepass")
        offsets, text = self.offsets, self._bytes
        row = bisect_left(
            range(len(self)), wanted, key=lambda r: text[offsets[r] : offsets[r + 1]].tobytes()
        )
        found = row < len(self) and text[offsets[row] : offsets[row + 1]] == wanted
        return row if found else None

    def rows(self, identifiers: Iterable[str]) -> NDArray[np.int32]:
        """Return the row of each identifier, -1 where the map does not hold it."""
        known = {identifier: row for row, identifier in enumerate(self)}
        return np.fromiter((known.get(i, -1) for i in identifiers), np.int32)


@dataclass(frozen=True, slots=True)
class UserEvents:
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
        order = np.argsort(at, kind="stable")
        return UserEvents(
            item_row=np.concatenate([self.item_row, later.item_row])[order],
            kind=np.concatenate([self.kind, later.kind])[order],
            at=at[order],
            quantity=np.concatenate([self.quantity, later.quantity])[order],
            value=np.concatenate([self.value, later.value])[order],
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
