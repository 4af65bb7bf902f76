"""Ids that became other users: an anonymous history is the user's from then on.

The events of the former id are moved to the user and to the end of the log, so that they are *live*
for the serving model: the next answer is that of the merged history. An id that was erased became
nobody: what is said of it later is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from recsys.errors import KnownUser
from recsys.storage.database.interface import Database, Writing
from recsys.storage.events.event import LIVE

Merged = Callable[[str, str], str]
Read = Callable[[str, list[str]], list[Any]]

OWNER = "coalesce((SELECT user_id FROM aliases WHERE previous_id = ?1), ?1)"
"""SQL of who an id is, the first parameter of its statement."""

NOBODY = ""
"""Whom an erased id became."""

_AT_ONCE = 500
_KNOWN = f"""
SELECT EXISTS (SELECT 1 FROM consents WHERE user_id = ?1)
    OR EXISTS (SELECT 1 FROM aliases WHERE user_id = ?1)
    OR EXISTS (SELECT 1 FROM events WHERE user_id = ?1 AND source <> '{LIVE}')
"""  # noqa: S608 - names from the code


def alias(
    database: Database, previous_id: str, user_id: str, *, at: int, unclaimed_only: bool = False
) -> bool:
    """Make a stranger's `previous_id` the same person as `user_id`, and return whether it was not.

    What anybody may say who may send events. An id that is somebody's is not theirs to give away:
    one with consents, with events from a file, or that others became. See :func:`merge`.

    Parameters
    ----------
    database : Database
        The store.
    previous_id, user_id : str
        Who becomes whom.
    at : int
        Now, microseconds since the epoch.
    unclaimed_only : bool
        Whether an id that is or became somebody stays theirs without a word. Two people who sign
        in on one device are then not made one.

    Raises
    ------
    KnownUser
        `previous_id` is somebody's.
    StoreUnavailable
        Nothing was changed.
    """
    with database.writing() as writing:
        owners = known_as(writing, {previous_id, user_id})
        previous, user = (owners.get(one, one) for one in (previous_id, user_id))
        if previous == user or NOBODY in (previous, user):
            return False
        known = previous_id in owners or _is_known(writing, previous)
        if known and not unclaimed_only:
            raise KnownUser(previous_id)
        if not known:
            _merge(writing, previous, user, at=at, merged=database.merged)
    return not known


def merge(database: Database, previous_id: str, user_id: str, *, at: int) -> bool:
    """Make `previous_id` the same person as `user_id`, whoever it is; only for who may say so.

    Events, messages, decisions and denials move over, grants do not: who becomes one with another
    has not been asked for it. Of traits and of decisions by one id that both have, the user's stay.
    Whoever asks for or sends `previous_id` later means the user. An erased id stays nobody.

    Returns
    -------
    bool
        Whether they were two.

    Raises
    ------
    StoreUnavailable
        Nothing was changed.
    """
    with database.writing() as writing:
        owners = known_as(writing, {previous_id, user_id})
        previous, user = (owners.get(one, one) for one in (previous_id, user_id))
        if previous == user or NOBODY in (previous, user):
            return False
        _merge(writing, previous, user, at=at, merged=database.merged)
    return True


def known_as(writing: Writing, user_ids: Collection[str]) -> dict[str, str]:
    """Return who became whom among `user_ids`, erased ids ``NOBODY``; the others are left out."""
    return _known(lambda statement, ids: writing.execute(statement, ids).fetchall(), user_ids)


def became(database: Database, user_ids: Collection[str]) -> dict[str, str]:
    """Return the same as :func:`known_as`, outside a transaction.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    return _known(database.read, user_ids)


def former_ids(database: Database) -> dict[str, tuple[str, ...]]:
    """Return the ids that became each user, in order; users without any are left out.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    former: dict[str, tuple[str, ...]] = {}
    rows = database.read(
        "SELECT user_id, previous_id FROM aliases WHERE user_id <> '' ORDER BY previous_id"
    )
    for user, previous in rows:
        former[user] = (*former.get(user, ()), previous)
    return former


def redirect(writing: Writing, *, after: int) -> int:
    """Give what was logged after a ``seq`` under former ids to the users they became.

    What was logged under erased ids is deleted; returned is how much that was.
    """
    erased = writing.execute(
        "DELETE FROM events WHERE seq > ? AND user_id IN "
        "(SELECT previous_id FROM aliases WHERE user_id = '')",
        (after,),
    ).rowcount
    writing.execute(
        "UPDATE events SET user_id = "
        "(SELECT aliases.user_id FROM aliases WHERE previous_id = events.user_id) "
        "WHERE seq > ? AND user_id IN (SELECT previous_id FROM aliases)",
        (after,),
    )
    return erased


def _is_known(writing: Writing, user_id: str) -> bool:
    return bool(writing.execute(_KNOWN, (user_id,)).fetchone()[0])


def _merge(writing: Writing, previous: str, user: str, *, at: int, merged: Merged) -> None:
    writing.execute("UPDATE aliases SET user_id = ? WHERE user_id = ?", (user, previous))
    writing.execute(
        "INSERT INTO aliases (previous_id, user_id, at) VALUES (?, ?, ?)", (previous, user, at)
    )
    _move_events(writing, previous, user)
    _move_decisions(writing, previous, user)
    _move_profile(writing, previous, user, merged=merged)


def _known(read: Read, user_ids: Collection[str]) -> dict[str, str]:
    owners: dict[str, str] = {}
    wanted = list(user_ids)
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        statement = (
            "SELECT previous_id, user_id FROM aliases "  # noqa: S608
            f"WHERE previous_id IN ({', '.join('?' * len(part))})"
        )
        owners.update(read(statement, part))
    return owners


def _move_events(writing: Writing, previous: str, user: str) -> None:
    rows = writing.execute(
        "SELECT seq FROM events WHERE user_id = ? ORDER BY seq", (previous,)
    ).fetchall()
    seqs = writing.next_seqs("events", len(rows))
    writing.executemany(
        "UPDATE events SET user_id = ?, seq = ? WHERE seq = ?",
        [(user, new, old) for new, (old,) in zip(seqs, rows, strict=True)],
    )


def _move_decisions(writing: Writing, previous: str, user: str) -> None:
    writing.execute(
        "DELETE FROM decisions WHERE user_id = ? "
        "AND decision_id IN (SELECT decision_id FROM decisions WHERE user_id = ?)",
        (previous, user),
    )
    writing.execute("UPDATE decisions SET user_id = ? WHERE user_id = ?", (user, previous))


def _move_profile(writing: Writing, previous: str, user: str, *, merged: Merged) -> None:
    # What one id granted the other may never have been asked: it stays in the ledger of that id.
    columns = "purpose, channel, state, at, basis, source, text_version"
    writing.execute(
        f"INSERT INTO consents (user_id, {columns}) "  # noqa: S608
        f"SELECT ?, {columns} FROM consents WHERE user_id = ? AND state = 'denied' "
        "ORDER BY seq ON CONFLICT DO NOTHING",
        (user, previous),
    )
    writing.execute(
        "INSERT INTO users (user_id, traits, timezone) "  # noqa: S608
        "SELECT ?, traits, timezone FROM users WHERE user_id = ? "
        "ON CONFLICT (user_id) DO UPDATE SET "
        f"traits = {merged('excluded.traits', 'users.traits')}, "
        "timezone = CASE WHEN users.timezone = '' THEN excluded.timezone ELSE users.timezone END",
        (user, previous),
    )
    writing.execute("DELETE FROM users WHERE user_id = ?", (previous,))
