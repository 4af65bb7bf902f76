"""Users at one instant: many of a batch or the one of a request, looked at by the same code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import NO_EVENTS, UserEvents
from recsys.data.person import Person


@dataclass(frozen=True, slots=True)
class Crowd:
    """What is known of some users at an instant.

    Attributes
    ----------
    at : int
        Microseconds since the epoch; every event is at it or before.
    events : UserEvents
        Grouped by user, oldest first within a user.
    indptr : int64, shape (n_users + 1,)
        Where each user's events start.
    profiled : bool, shape (n_users,)
        False for users who denied being profiled: they have no events here.
    traits : tuple of mapping, length n_users
        What users said of themselves.
    """

    at: int
    events: UserEvents
    indptr: NDArray[np.int64]
    profiled: NDArray[np.bool_]
    traits: tuple[Mapping[str, str], ...]

    @classmethod
    def of(cls, people: Sequence[Person], *, at: int) -> Crowd:
        """Return these people as of `at`: what happened later is left out."""
        each = [_until(person.events, at) for person in people]
        counts = [len(events) for events in each]
        return cls(
            at=at,
            events=_joined(each),
            indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)]),
            profiled=np.array([person.profiling for person in people], bool),
            traits=tuple(person.traits for person in people),
        )

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def user_row(self) -> NDArray[np.int64]:
        """The place of each event's user, int64, shape (n_events,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def of_kind(self, kind: int) -> Crowd:
        """Return the same users with events of one kind only."""
        keep = self.events.kind == kind
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(keep, dtype=np.int64)])
        kept = _picked(self.events, keep)
        return Crowd(self.at, kept, before[self.indptr], self.profiled, self.traits)


def _until(events: UserEvents, at: int) -> UserEvents:
    size = int(np.searchsorted(events.at, at, side="right"))
    return events if size == len(events) else _picked(events, slice(size))


def _picked(events: UserEvents, rows: slice | NDArray[np.bool_]) -> UserEvents:
    return UserEvents(*(getattr(events, name)[rows] for name in UserEvents.__struct_fields__))


def _joined(each: Sequence[UserEvents]) -> UserEvents:
    if len(each) == 1:
        return each[0]
    parts = [NO_EVENTS, *each]
    columns = ([getattr(part, name) for part in parts] for name in UserEvents.__struct_fields__)
    return UserEvents(*(np.concatenate(column) for column in columns))
