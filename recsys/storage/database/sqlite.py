"""The embedded database: one SQLite file, many readers, one writer at a time.

Every thread reads through its own connection; whoever writes takes turns with the other threads
and processes. What a :meth:`SqliteDatabase.writing` block did is on the disk when it has ended.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from recsys.errors import StoreUnavailable
from recsys.storage.database import schema
from recsys.storage.database.interface import SQLITE, Read, Row, Scalar, first_of, plain, refuse_url

_TURN_SECONDS = 5.0
_READ_SECONDS = 0.25
_POLL_SECONDS = 0.0005
# 16 MB. A commit that finds the write-ahead log this long moves it into the file, and whoever waits
# for it waits longer: four times SQLite's own bound makes that seldom, and moves less in all.
_LOG_PAGES = 4_000
_CACHE_KIB = 2_048
_BULK_CACHE_KIB = 65_536
BATCH = 50_000
_ROWS_AT_ONCE = 100


class _Reader(NamedTuple):
    """A connection, and the turn that whoever reads by it or closes it has.

    Closing a connection that another thread is in ends the process.
    """

    connection: sqlite3.Connection
    turn: threading.Lock

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        with self.turn:
            return self.connection.execute(statement, values).fetchall()

    def close(self) -> None:
        with self.turn:
            self.connection.close()


class SqliteDatabase:
    """An open file.

    Parameters
    ----------
    path : Path
        The SQLite file; it and its folder are made when they do not exist, and a file that older
        code made is brought up to date.

    Raises
    ------
    StoreUnavailable
        The file cannot be opened, is no database, or was made by later code.
    """

    local = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = str(path)
        self.receipts: Path | None = receipts_beside(path)
        self._own = threading.local()
        self._readers: list[_Reader] = []
        self._turn, self._opening = threading.Lock(), threading.Lock()
        self._watcher: _Reader | None = None
        self._closed = False
        with _explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._connect()
            with _closed_on_failure(self._writer):
                schema.prepare_sqlite(self._writer, path)
                self._writer.execute("PRAGMA busy_timeout=0")
            self._inode = path.stat().st_ino
        # Who lets go of a store without closing it, as after a failed start, leaves no file open.
        weakref.finalize(self, _let_go, self._writer, self._readers).atexit = False

    @staticmethod
    def path_in(url: str) -> Path:
        """Return the file that an address names.

        Raises
        ------
        BadValue
            It names none.
        """
        path = url.removeprefix(SQLITE)
        if not url.startswith(SQLITE) or path in {"", ":memory:"}:
            raise refuse_url(url)
        return Path(path)

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a query.

        Raises
        ------
        StoreUnavailable
            The file cannot be read.
        """
        try:
            return self._reader().read(statement, values)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self.path}: {error}") from error

    @contextmanager
    def snapshot(self) -> Iterator[Read]:
        """Read what was there at one instant, whoever writes during the block, however long.

        Raises
        ------
        StoreUnavailable
            The file cannot be read.
        """
        with _explained(self.path), closing(self._connect()) as own:
            own.execute("PRAGMA query_only=ON")
            own.execute("BEGIN")
            yield lambda statement, values=(): own.execute(statement, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[SqliteWriting]:
        """Run one transaction, durable at the end of the block, undone when the block raises.

        Raises
        ------
        StoreUnavailable
            Another writer held the store too long, the disk is full, the file is gone…
        """
        with self._turn, _explained(self.path):
            self._begin()
            try:
                yield SqliteWriting(self._writer)
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def version(self) -> int:
        """Return a number that stays only while nobody writes, by whichever connection.

        Raises
        ------
        StoreUnavailable
            The file cannot be read.
        """
        try:
            # Each connection counts for itself: one for all threads.
            ((version,),) = self._watching().read("PRAGMA data_version")
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self.path}: {error}") from error
        return int(version)

    def merged(self, old: str, new: str) -> str:
        """Return the expression for a JSON object `old` with the members of `new` put over it."""
        return f"json_patch({old}, {new})"

    def tidy(self) -> None:
        """Move the write-ahead log into the file."""
        with self._turn, _explained(self.path):
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the connections of all threads, each when what is done by it has ended."""
        self._closed = True
        with self._turn:
            _let_go(self._writer, self._readers)
        self._own, self._watcher = threading.local(), None

    def _connect(self, wait_seconds: float = _TURN_SECONDS) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=wait_seconds, isolation_level=None, check_same_thread=False
        )
        with _closed_on_failure(connection):
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        return connection

    def _reader(self) -> _Reader:
        """Return what this thread reads by."""
        try:
            return self._own.reader  # type: ignore[no-any-return]
        except AttributeError:
            self._own.reader = opened = self._to_read()
            return opened

    def _watching(self) -> _Reader:
        if self._watcher is None:
            with self._opening:
                self._watcher = self._watcher or self._to_read()
        return self._watcher

    def _to_read(self) -> _Reader:
        with _explained(self.path):
            opened = _Reader(self._connect(_READ_SECONDS), threading.Lock())
            self._readers.append(opened)
            opened.read("PRAGMA query_only=ON")
        if self._closed:
            opened.close()
            raise StoreUnavailable(f"{self.path}: closed")
        return opened

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
        if self.path.stat().st_ino != self._inode:
            raise StoreUnavailable(f"{self.path} was replaced while it was open")


def receipts_beside(path: Path) -> Path:
    """Return the file beside a SQLite file in which erasures are noted too."""
    return path.with_name(f"{path.name}.erased")


class SqliteWriting:
    """A transaction on the connection that writes: see :class:`recsys.storage.database.Writing`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.execute = connection.execute
        self.executemany: Callable[[str, Iterable[Sequence[Any]]], sqlite3.Cursor] = (
            connection.executemany
        )

    def insert_new(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> list[bool]:
        """Insert rows but those whose key, two columns, is there; return which were new."""
        # Many rows a statement: each one lets other threads run, and waits to run again.
        new: set[Row] = set()
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = rows[start : start + _ROWS_AT_ONCE]
            statement = _insert_returning(table, tuple(columns), len(part))
            new.update(self.execute(statement, list(chain(*part))))
        return first_of(new, rows)

    def load(
        self,
        table: str,
        columns: Mapping[str, Sequence[Any]],
        *,
        same: Mapping[str, Scalar],
        progress: Callable[[int], object],
    ) -> int:
        """Insert many rows but those that conflict, and return how many were new."""
        self.execute(f"PRAGMA cache_size=-{_BULK_CACHE_KIB}")
        # What is the same in all rows is written into the statement: binding is half of the cost.
        values = ["?"] * len(columns) + [_literal(value) for value in same.values()]
        statement = _insert(table, (*columns, *same), values)
        count, new = len(next(iter(columns.values()))), 0
        for start in range(0, count, BATCH):
            parts = (plain(column[start : start + BATCH]) for column in columns.values())
            new += self.executemany(statement, zip(*parts, strict=True)).rowcount
            progress(min(start + BATCH, count))
        return new

    def next_seqs(self, table: str, count: int) -> Sequence[int]:
        """Return the next `count` sequence numbers of a table, ascending."""
        (last,) = self.execute(f"SELECT coalesce(max(seq), 0) FROM {table}").fetchone()  # noqa: S608
        return range(last + 1, last + 1 + count)

    def continue_seqs(self, table: str) -> None:
        """Count on from the highest ``seq`` in a table: a file does so by itself."""


@lru_cache(_ROWS_AT_ONCE)
def _insert_returning(table: str, columns: tuple[str, ...], rows: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)} "  # noqa: S608
        f"ON CONFLICT DO NOTHING RETURNING {columns[0]}, {columns[1]}"
    )


def _insert(table: str, columns: Sequence[str], values: Sequence[str]) -> str:
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(values)}) "  # noqa: S608
        "ON CONFLICT DO NOTHING"
    )


def _literal(value: Scalar) -> str:
    if value is None:
        return "NULL"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _let_go(writer: sqlite3.Connection, readers: list[_Reader]) -> None:
    writer.close()
    while readers:
        readers.pop().close()


@contextmanager
def _closed_on_failure(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailable(f"{path}: {error}") from error
