"""What kinds of events are called by those who send them, as said while the service runs."""

from __future__ import annotations

from collections.abc import Mapping

from recsys.storage.database.interface import Database

_PUT = """
INSERT INTO event_names (name, kind, at) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, at = excluded.at
"""


def put(database: Database, name: str, kind: str, *, at: int) -> None:
    """Let a name, in any case, mean a kind from now on; an empty kind: understood, not used.

    Raises
    ------
    StoreUnavailable
        Nothing was written.
    """
    with database.writing() as writing:
        writing.execute(_PUT, (name.lower(), kind, at))


def remove(database: Database, name: str) -> None:
    """Let a name mean nothing of its own any more.

    Raises
    ------
    StoreUnavailable
        Nothing was written.
    """
    with database.writing() as writing:
        writing.execute("DELETE FROM event_names WHERE name = ?", (name.lower(),))


def every(database: Database) -> Mapping[str, str]:
    """Return the kinds by name, in lower case.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    return dict(database.read("SELECT name, kind FROM event_names ORDER BY name"))
