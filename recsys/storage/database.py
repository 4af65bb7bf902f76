"""The embedded database: one SQLite file, many readers, one writer at a time.

Every thread reads through its own connection; whoever writes takes turns with the other threads
and processes. What a :meth:`Database.writing` block did is on the disk when the block has ended.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recsys.errors import BadValue, StoreUnavailable

SCHEME = "sqlite:///"
_SCHEMA_VERSION = 2
_TURN_SECONDS = 10.0
_POLL_SECONDS = 0.0005
_WRITER_CACHE_KIB = 65_536
_READER_CACHE_KIB = 8_192


class Database:
    """An open store.

    Parameters
    ----------
    path : Path
        The SQLite file; it and its folder are made when they do not exist.

    Raises
    ------
    StoreUnavailable
        The file cannot be opened, is no database, or was made by other code.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._own = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._turn = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._connect(_WRITER_CACHE_KIB)
            self._writer.execute("PRAGMA busy_timeout=0")
            self._prepare()
            self._inode = path.stat().st_ino
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise StoreUnavailable(f"{path}: {error}") from error

    @property
    def reader(self) -> sqlite3.Connection:
        """The connection that this thread reads through."""
        try:
            return self._own.connection  # type: ignore[no-any-return]
        except AttributeError:
            return self._open_reader()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction, durable at the end of the block, undone when the block raises.

        Raises
        ------
        StoreUnavailable
            Another writer held the store too long, the disk is full, the file is gone…
        """
        with self._turn, _explained(self.path):
            self._begin()
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def tidy(self) -> None:
        """Move the write-ahead log into the file and refresh the statistics of the planner."""
        with self._turn, _explained(self.path):
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the connections of all threads."""
        while self._opened:
            self._opened.pop().close()
        self._own = threading.local()

    def _connect(self, cache_kib: int) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_TURN_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._opened.append(connection)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA cache_size=-{cache_kib}")
        return connection

    def _open_reader(self) -> sqlite3.Connection:
        with _explained(self.path):
            connection = self._connect(_READER_CACHE_KIB)
            connection.execute("PRAGMA query_only=ON")
        self._own.connection = connection
        return connection

    def _prepare(self) -> None:
        if self._version() != _SCHEMA_VERSION:
            with self.writing() as connection:
                if self._version() == 0:
                    for statement in _schema():
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
        if (found := self._version()) != _SCHEMA_VERSION:
            raise StoreUnavailable(
                f"{self.path} has schema {found}, this code knows {_SCHEMA_VERSION}"
            )

    def _version(self) -> int:
        return int(self._writer.execute("PRAGMA user_version").fetchone()[0])

    def _begin(self) -> None:
        self._refuse_lost_file()
        deadline = time.monotonic() + _TURN_SECONDS
        # SQLite's own waiting backs off to 100 ms a step; asking often keeps turns short.
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_SECONDS)
            else:
                return

    def _refuse_lost_file(self) -> None:
        # An unlinked file would swallow writes without a word.
        known = getattr(self, "_inode", None)
        if known is not None and self.path.stat().st_ino != known:
            raise StoreUnavailable(f"{self.path} was replaced while it was open")


def open_database(url: str) -> Database:
    """Open the store at `url`, for example ``sqlite:///var/recsys.db``.

    Raises
    ------
    BadValue
        An address that this code cannot open.
    StoreUnavailable
        The store cannot be opened.
    """
    path = url.removeprefix(SCHEME)
    if not url.startswith(SCHEME) or path in {"", ":memory:"}:
        raise BadValue("storage.url", url, f"{SCHEME}<file>")
    return Database(Path(path))


def _schema() -> list[str]:
    # Loaded only when a store is made: a worker of the API starts without SQLAlchemy.
    from sqlalchemy.dialects import sqlite
    from sqlalchemy.schema import CreateIndex, CreateTable

    from recsys.storage.tables import METADATA

    dialect = sqlite.dialect()
    statements = []
    for table in METADATA.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)))
        statements += [
            str(CreateIndex(index).compile(dialect=dialect))
            for index in sorted(table.indexes, key=lambda index: str(index.name))
        ]
    return statements


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailable(f"{path}: {error}") from error
