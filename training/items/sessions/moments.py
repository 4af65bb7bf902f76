"""Moments in the middle of sessions at which held-out users are asked what they take next."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.evaluation import split
from recsys.evaluation.split import Relevant
from training.items.sessions.log import SessionLog
from training.items.windows import Window, on_first_day

NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class SessionMoments:
    """One moment a user, right after a click of a session.

    Attributes
    ----------
    seen, after : bool, shape (n_events,)
        Events of the held-out side up to the moment, and those of the critical kind in the rest
        of the session; nothing of users who are not asked.
    live : Interactions
        What was seen.
    wanted : Relevant
        Available items that came after.
    asked_at : int64, shape (n_users,)
        The moment (microseconds); ``NEVER`` for who is not asked.
    """

    seen: NDArray[np.bool_]
    after: NDArray[np.bool_]
    live: Interactions
    wanted: Relevant
    asked_at: NDArray[np.int64]


def moments(held: Window, log: SessionLog, config: Config, *, most: int) -> SessionMoments:
    """Draw one moment a user after which they take something in the same session.

    Parameters
    ----------
    held : Window
        Whose users are asked.
    log : SessionLog
        The sessions of its held-out side.
    config : Config
        The critical kind and the seed.
    most : int
        Most users asked, drawn by the seed.
    """
    events = held.held_out
    critical = [number for number, k in enumerate(events.kinds) if k == config.relevant_kind]
    takes = np.isin(events.kind, critical) & (events.item_row >= 0)
    takes[takes] = held.available[events.item_row[takes]]
    asked_at, until = np.full((2, len(events.users)), NEVER)
    click = _drawn(log, takes, np.random.default_rng(config.training.seed), most=most)
    user = log.user_row[log.sessions.session_row[click]]
    asked_at[user], until[user] = log.at[click], _last(log)[log.sessions.session_row[click]]
    owner = events.user_row
    seen = events.at <= asked_at[owner]
    after = takes & ~seen & (events.at <= until[owner])
    wanted = split.relevant(events.where(after), held.available)
    return SessionMoments(seen, after, events.where(seen), wanted, asked_at)


def in_sessions(held: Window, found: SessionMoments, config: Config) -> Window:
    """Return the window with users asked in the middle of a session, where they have a moment.

    The others are asked as before: after their first active day.
    """
    events = held.held_out
    asked = np.zeros(len(events.users), bool)
    asked[found.wanted.user_row] = True
    inside, first = asked[events.user_row], on_first_day(events)
    later = events.where(np.where(inside, found.after, ~first))
    return replace(
        held,
        live=events.where(np.where(inside, found.seen, first)),
        wanted_later=split.relevant(later.of_kind(config.relevant_kind), held.available),
        asked_at=np.where(asked, found.asked_at, held.asked_at),
    )


def _drawn(
    log: SessionLog, takes: NDArray[np.bool_], rng: np.random.Generator, *, most: int
) -> NDArray[np.int64]:
    """Return one click of each of `most` users that something taken follows in its session."""
    session = log.sessions.session_row
    taken = takes[log.event]
    last_taken = np.full(len(log), NEVER)
    np.maximum.at(last_taken, session[taken], log.at[taken])
    click = rng.permutation(np.flatnonzero(log.at < last_taken[session]))
    _, first = np.unique(log.user_row[session[click]], return_index=True)
    return np.asarray(rng.permutation(click[first])[:most], np.int64)


def _last(log: SessionLog) -> NDArray[np.int64]:
    """Return when each session ends (microseconds), int64, shape (n_sessions,)."""
    return log.at[log.sessions.indptr[1:] - 1]
