"""Which events belong to one session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.sessions.log import Sessions, ranges
from recsys.data.interactions import Interactions
from recsys.items.session import MINUTE


@dataclass(frozen=True, slots=True)
class SessionLog:
    """The sessions of all users in order of time, their clicks one session after the other.

    Attributes
    ----------
    sessions : Sessions
        The earliest beginning first.
    user_row : int32, shape (n_sessions,)
        Whose.
    event : int64, shape (n_clicks,)
        Which interaction each click is.
    at : int64, shape (n_clicks,)
        When (microseconds).
    """

    sessions: Sessions
    user_row: NDArray[np.int32]
    event: NDArray[np.int64]
    at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.sessions)

    @property
    def begins(self) -> NDArray[np.int64]:
        """When each session begins (microseconds), int64, shape (n_sessions,)."""
        return self.at[self.sessions.indptr[:-1]]


def session_log(
    interactions: Interactions, speaks: NDArray[np.bool_], *, gap_minutes: float
) -> SessionLog:
    """Cut each user's events into sessions, and keep those that have an order.

    A basket whose items carry the same time says nothing of what came after what: a session is
    left out unless most of its clicks come later than the one before; so is one of one click.

    Parameters
    ----------
    interactions : Interactions
        Of any kinds.
    speaks : bool, shape (n_kinds,)
        Kinds of events that are clicks.
    gap_minutes : float
        A longer silence ends a session.
    """
    event = np.flatnonzero(speaks[interactions.kind] & (interactions.item_row >= 0))
    user, at = interactions.user_row[event], interactions.at[event]
    new = np.ones(len(event), bool)
    new[1:] = (user[1:] != user[:-1]) | (np.diff(at) > gap_minutes * MINUTE)
    start = np.flatnonzero(new)
    if not len(start):
        return _log(interactions, event, np.zeros(0, np.int64), np.zeros(0, np.int64))
    stop = np.append(start[1:], len(event))
    later = np.zeros(len(event), np.int64)
    later[1:] = np.diff(at) > 0
    later[start] = 0
    steps = stop - start - 1
    ordered = np.flatnonzero((steps > 0) & (2 * np.add.reduceat(later, start) > steps))
    ordered = ordered[np.argsort(at[start[ordered]], kind="stable")]
    return _log(interactions, event, start[ordered], stop[ordered])


def _log(
    interactions: Interactions,
    event: NDArray[np.int64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
) -> SessionLog:
    click, lengths = ranges(start, stop)
    kept = event[click]
    return SessionLog(
        sessions=Sessions(
            indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)]),
            item_row=interactions.item_row[kept],
            n_items=len(interactions.items),
        ),
        user_row=interactions.user_row[event[start]].astype(np.int32),
        event=kept,
        at=interactions.at[kept],
    )
