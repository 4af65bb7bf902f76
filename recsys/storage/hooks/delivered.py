"""What tools have of users by the last file for them: a hash of each row, as only changes go."""

from __future__ import annotations

from collections.abc import Mapping

from recsys.storage.database.interface import Database
from recsys.storage.users import aliases
from recsys.storage.users.aliases import NOBODY

Delivered = Mapping[str, str]
"""A hash by user."""


def of(database: Database, tool: str) -> dict[str, str]:
    """Return what a tool has.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    statement = "SELECT user_id, sha256 FROM delivered WHERE tool = ?"
    return dict(database.read(statement, (tool,)))


def put(database: Database, tool: str, has: Delivered, *, now: int) -> None:
    """Note what a tool has now, and nothing else; nothing of who was erased.

    Raises
    ------
    StoreUnavailable
        What was noted before holds: the next file says more than it needs to.
    """
    with database.writing() as writing:
        erased = aliases.known_as(writing, has.keys())
        rows = [
            (tool, user_id, digest, now)
            for user_id, digest in has.items()
            if erased.get(user_id) != NOBODY
        ]
        writing.execute("DELETE FROM delivered WHERE tool = ?", (tool,))
        writing.executemany(
            "INSERT INTO delivered (tool, user_id, sha256, at) VALUES (?, ?, ?, ?)", rows
        )
