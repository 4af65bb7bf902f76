"""Opening whichever store an address names."""

from __future__ import annotations

from recsys.config import Storage
from recsys.storage.database.interface import POSTGRES, USUAL, Database, Limits
from recsys.storage.database.sqlite import SqliteDatabase


def open_store(storage: Storage) -> Database:
    """Open the store that is configured: see :func:`open_database`."""
    limits = Limits(
        connections=storage.connections,
        connect_ms=storage.connect_timeout_ms,
        statement_ms=storage.statement_timeout_ms,
    )
    return open_database(storage.url, limits)


def open_database(url: str, limits: Limits = USUAL) -> Database:
    """Open the store at `url`: ``sqlite:///var/recsys.db`` or ``postgresql://user@host/name``.

    A SQLite file is made and brought up to date where needed. A server is not asked before the
    first statement, so that a replica starts while it is down.

    Raises
    ------
    BadValue
        An address that this code cannot open.
    StoreUnavailable
        The file cannot be opened.
    """
    if url.startswith(POSTGRES):
        # Loaded only by those who use it: the driver takes longer to load than SQLite to open.
        from recsys.storage.database.postgres import PostgresDatabase

        return PostgresDatabase(url, limits)
    return SqliteDatabase(SqliteDatabase.path_in(url))
