"""Ids that became other users, by :mod:`recsys.storage.users.merges`, or nobody: erased.

What is said of a former id later is the user's; what is said of an erased one is not kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from recsys.storage.database.interface import Database, Read, Writing, of_keys, within

OWNER = "coalesce((SELECT user_id FROM aliases WHERE previous_id = ?1), ?1)"
"""SQL of who an id is, the first parameter of its statement."""

NOBODY = ""
"""Whom an erased id became."""


def known_as(writing: Writing, user_ids: Collection[str]) -> dict[str, str]:
    """Return who became whom among `user_ids`, erased ids ``NOBODY``; the others are left out."""
    return dict(_rows(within(writing), "previous_id", user_ids))


def former_of(writing: Writing, user_ids: Collection[str]) -> dict[str, list[str]]:
    """Return the ids that became each of `user_ids`; users without any are left out."""
    former: dict[str, list[str]] = {}
    for previous, user in _rows(within(writing), "user_id", set(user_ids) - {NOBODY}):
        former.setdefault(user, []).append(previous)
    return former


def became(database: Database, user_ids: Collection[str]) -> dict[str, str]:
    """Return the same as :func:`known_as`, outside a transaction.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    return dict(_rows(database.read, "previous_id", user_ids))


def everybody(database: Database) -> dict[str, str]:
    """Return who became whom of all ids, erased ones ``NOBODY``.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    return dict(database.read("SELECT previous_id, user_id FROM aliases"))


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


def merged_after(database: Database, seq: int) -> list[tuple[str, int]]:
    """Return (user, seq) of what became a user after a place in the log.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(
        "SELECT user_id, event_seq FROM aliases WHERE event_seq > ? AND user_id <> ''", (seq,)
    )
    return [(user, place) for user, place in rows]


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


def _rows(read: Read, column: str, user_ids: Collection[str]) -> Iterator[tuple[str, str]]:
    """Return (previous id, user) of the aliases that have one of `user_ids` in a column."""
    statement = f"SELECT previous_id, user_id FROM aliases WHERE {column} IN ({{keys}})"  # noqa: S608
    return of_keys(read, statement, user_ids)
