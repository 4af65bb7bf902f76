"""Backups: one SQLite file that any kind of store is restored from.

A backup is what the store held at one instant, whoever writes meanwhile. It carries what each table
must hold, so that a damaged one is refused; and it never brings back who was erased after it was
made, as far as receipts tell: those of the store that is replaced, those kept beside a SQLite file,
and those that are handed over.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import orjson

from recsys.errors import BadBackup, StoreUnavailable
from recsys.storage.backup import contents
from recsys.storage.backup.contents import Contents, Progress
from recsys.storage.database.interface import POSTGRES, Database, Read, Writing
from recsys.storage.database.open import open_database
from recsys.storage.database.sqlite import SqliteDatabase, receipts_beside
from recsys.storage.models.artifact import sync_folder
from recsys.storage.privacy import erasure, receipts
from recsys.storage.privacy.receipts import Erased

_TABLE = "backup_contents"


def back_up(database: Database, file: Path, *, progress: Progress = str) -> Mapping[str, Contents]:
    """Write a store into a new file, whole or not at all, and return what is in it.

    Raises
    ------
    BadBackup
        There is such a file, or what was written is not what was read.
    StoreUnavailable
        The store cannot be read, or the file not be written.
    """
    if file.exists():
        raise BadBackup(file, "exists already: a backup is never written over another")
    partial = file.with_name(f"{file.name}.partial")
    with _fresh(partial) as target, database.snapshot() as read:
        with target.writing() as writing:
            poured = contents.pour(read, writing, progress=progress)
            _sign(writing, poured)
        with target.snapshot() as written:
            _compare(written, poured, file)
    _settle(partial, file)
    return poured


def check(file: Path) -> Mapping[str, Contents]:
    """Compare a backup with what it says it holds, and return that.

    Raises
    ------
    BadBackup
        It is none, or damaged.
    """
    if not file.is_file():
        raise BadBackup(file, "there is no such file")
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as opened:
            return _checked(lambda text, values=(): opened.execute(text, values).fetchall(), file)
    except sqlite3.Error as error:
        raise BadBackup(file, f"is no backup: {error}") from error


def restore(
    url: str, file: Path, *, erased: Sequence[Erased] = (), progress: Progress = str
) -> int:
    """Put a backup in the place of the store at `url`; killed in between, the old store is whole.

    Parameters
    ----------
    url : str
        Address of the store that is replaced; a SQLite file need not exist, and nobody else may
        have it open.
    file : Path
        What :func:`back_up` wrote.
    erased : sequence of Erased
        Who was erased since, besides those that the old store and the file beside it tell of.
    progress : callable
        Told in plain lines how far it is.

    Returns
    -------
    int
        How many receipts were known, and so hold: none is a reason to look for them.

    Raises
    ------
    BadBackup
        It is none, or damaged.
    StoreUnavailable
        The store is in use or cannot be written.
    """
    check(file)
    if url.startswith(POSTGRES):
        return _restore_server(url, file, erased, progress)
    return _restore_file(SqliteDatabase.path_in(url), file, erased)


def copy(database: Database, url: str, *, progress: Progress = str) -> Mapping[str, Contents]:
    """Copy a store into an empty one of any kind, whole or not at all, and return what is in it.

    Raises
    ------
    BadBackup
        The other store is not empty, or holds not what was read.
    StoreUnavailable
        One of them cannot be reached.
    """
    with database.snapshot() as read:
        if url.startswith(POSTGRES):
            with closing(open_database(url)) as target, target.writing() as writing:
                return _poured(read, writing, target.place, progress)
        path = SqliteDatabase.path_in(url)
        if path.exists():
            raise BadBackup(path, "exists already: a copy needs a new file")
        partial = path.with_name(f"{path.name}.partial")
        with _fresh(partial) as target, target.writing() as writing:
            poured = _poured(read, writing, path, progress)
    _settle(partial, path)
    return poured


def _poured(
    read: Read, writing: Writing, place: Path | str, progress: Progress
) -> Mapping[str, Contents]:
    for table in contents.tables():
        if writing.execute(f"SELECT count(*) FROM {table}").fetchone()[0]:  # noqa: S608
            raise BadBackup(place, f"is not empty: it has {table}")
    poured = contents.pour(read, writing, progress=progress)
    _compare(_reader(writing), poured, place)
    return poured


def _restore_file(path: Path, file: Path, erased: Sequence[Erased]) -> int:
    partial = path.with_name(f"{path.name}.restoring")
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove(partial)
    with _alone(path) as old:
        everybody = [*erased, *old, *receipts.read(receipts_beside(path))]
        shutil.copyfile(file, partial)
        with closing(SqliteDatabase(partial)) as fresh, fresh.writing() as writing:
            writing.execute(f"DROP TABLE {_TABLE}")
            erasure.replay(writing, everybody)
        _settle(partial, path)
    return len({one.user_id for one in everybody})


def _restore_server(url: str, file: Path, erased: Sequence[Erased], progress: Progress) -> int:
    migrated = file.with_name(f"{file.name}.restoring")
    _remove(migrated)
    shutil.copyfile(file, migrated)
    try:
        with (
            closing(SqliteDatabase(migrated)) as source,
            source.snapshot() as read,
            closing(open_database(url)) as target,
            target.writing() as writing,
        ):
            everybody = [*erased, *receipts.of(_reader(writing))]
            for table in contents.tables():
                writing.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the code
            _poured(read, writing, target.place, progress)
            erasure.replay(writing, everybody)
    finally:
        _remove(migrated)
    return len({one.user_id for one in everybody})


@contextmanager
def _alone(path: Path) -> Iterator[list[Erased]]:
    """Keep everybody else out of a SQLite file, and yield the receipts in it."""
    if not path.exists():
        yield []
        return
    with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as old:
        try:
            # Refused while anybody has it open. A log left beside the file would be taken for that
            # of the one that comes in its place.
            if old.execute("PRAGMA journal_mode=DELETE").fetchone() != ("delete",):
                raise StoreUnavailable(f"{path} is in use: stop the service and other commands")
            old.execute("BEGIN EXCLUSIVE")
            told = receipts.of(lambda text, values=(): old.execute(text, values).fetchall())
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(f"{path} is in use or cannot be opened: {error}") from error
        except sqlite3.DatabaseError:
            told = []  # no database any more: that is why it is replaced
        yield told


@contextmanager
def _fresh(path: Path) -> Iterator[SqliteDatabase]:
    _remove(path)
    with closing(SqliteDatabase(path)) as made:
        yield made


def _settle(partial: Path, path: Path) -> None:
    """Put a finished file in its place: from now on it is there, on the disk."""
    with closing(sqlite3.connect(partial, isolation_level=None)) as own:
        own.execute("PRAGMA journal_mode=DELETE")
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    for left in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + left).unlink()
    partial.replace(path)
    sync_folder(path.parent)


def _remove(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-journal"):
        with suppress(FileNotFoundError):
            path.with_name(name).unlink()


def _sign(writing: Writing, poured: Mapping[str, Contents]) -> None:
    writing.execute(f"CREATE TABLE {_TABLE} (name TEXT, columns TEXT, count INTEGER, sha256 TEXT)")
    rows = [
        (table, orjson.dumps(contents.columns(table)).decode(), found.rows, found.sha256)
        for table, found in poured.items()
    ]
    writing.executemany(f"INSERT INTO {_TABLE} VALUES (?, ?, ?, ?)", rows)  # noqa: S608


def _checked(read: Read, file: Path) -> Mapping[str, Contents]:
    signed = {}
    for table, names, rows, sha256 in read(f"SELECT * FROM {_TABLE}"):  # noqa: S608
        signed[table] = Contents(rows, sha256)
        _agree(contents.of(read, table, orjson.loads(names)), signed[table], table, file)
    if not signed:
        raise BadBackup(file, "does not say what it holds")
    return signed


def _compare(read: Read, poured: Mapping[str, Contents], place: Path | str) -> None:
    for table, expected in poured.items():
        _agree(contents.of(read, table), expected, table, place)


def _agree(found: Contents, expected: Contents, table: str, place: Path | str) -> None:
    if found != expected:
        raise BadBackup(
            place,
            f"is damaged: {table} has {found.rows:,} rows of hash {found.sha256[:12]}, "
            f"not {expected.rows:,} of {expected.sha256[:12]}",
        )


def _reader(writing: Writing) -> Read:
    return lambda statement, values=(): writing.execute(statement, values).fetchall()
