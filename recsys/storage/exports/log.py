"""Exports that were asked for: by whom, how far each is, and which parts of it are whole.

Any worker makes them, one at a time each. Who makes one says so every few seconds; where nobody
did for a while, another takes it over and goes on after the last whole part.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from recsys.data.times import SECOND
from recsys.errors import BadQuery, TooManyExports, UnknownExport
from recsys.storage.database.interface import Database, Row, Writing

LEASE = 15 * SECOND
"""After this long without a word from who makes it, an export is another's to make."""


class ExportState(StrEnum):
    """Where an export is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


ENDED = frozenset(
    {ExportState.DONE, ExportState.FAILED, ExportState.CANCELLED, ExportState.EXPIRED}
)


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A whole file.

    Attributes
    ----------
    name : str
        Of the file.
    rows, bytes : int
        How many.
    sha256 : str
        Of the file.
    looked_at : int
        Users looked at for it, whether they are in it or not.
    head : int
        Bytes of the file before its first row; the parts without them, one after the other, are one
        file. 0: there are none.
    """

    name: str
    rows: int
    bytes: int
    sha256: str
    looked_at: int
    head: int = 0


@dataclass(frozen=True, slots=True)
class Export:
    """An export as it stands; times are microseconds since the epoch.

    Attributes
    ----------
    export_id : str
        Its name.
    asked : mapping
        What was asked for.
    by : str
        The label of the key that asked; empty: none was needed.
    state : State
        Where it is.
    why : str
        Why it failed or ended; else empty.
    version : str
        The model version that answers; empty until it is begun.
    users : int
        How many there are to look at.
    people : str
        SHA-256 of who they are, in order.
    parts : tuple of Part
        What is whole.
    erasures : int
        Place of the last erasure before it was begun.
    created_at, ended_at, expires_at : int or None
        Asked for, ended, and when its files go.
    """

    export_id: str
    asked: Mapping[str, Any]
    by: str
    state: ExportState
    why: str
    version: str
    users: int
    people: str
    parts: tuple[ExportFile, ...]
    erasures: int
    created_at: int
    ended_at: int | None
    expires_at: int | None

    @property
    def rows(self) -> int:
        """Rows of all whole parts."""
        return sum(part.rows for part in self.parts)

    @property
    def looked_at(self) -> int:
        """Users looked at for all whole parts."""
        return sum(part.looked_at for part in self.parts)


@dataclass(frozen=True, slots=True)
class ExportCrowd:
    """Of whom an export is made: see the attributes of :class:`Export`."""

    version: str
    users: int
    people: str
    erasures: int


_COLUMNS = (
    "export_id, asked, asked_by, state, why, version, users, people, parts, erasures, "
    "created_at, ended_at, expires_at"
)
_PUT = """
INSERT INTO exports (export_id, sent_key, asked, asked_by, state, why, version, users, people,
    parts, erasures, worker, created_at, seen_at)
VALUES (?, ?, ?, ?, 'waiting', '', '', 0, '', '[]', 0, '', ?, 0)
"""
_NEXT = """
SELECT export_id FROM exports WHERE state = 'waiting' OR (state = 'running' AND seen_at < ?)
ORDER BY seq LIMIT 1
"""
_TAKE = """
UPDATE exports SET state = 'running', worker = ?, seen_at = ?
WHERE export_id = ? AND (state = 'waiting' OR (state = 'running' AND seen_at < ?))
"""
_STILL = "UPDATE exports SET {set} WHERE export_id = ? AND state = 'running' AND worker = ?"
_END = """
UPDATE exports SET state = ?, why = ?, ended_at = ?
WHERE export_id = ? AND state IN ('waiting', 'running')
"""


@dataclass(frozen=True, slots=True)
class ExportLog:
    """The exports in an open store. Safe to use from several threads."""

    database: Database

    def ask(
        self, export_id: str, asked: Mapping[str, Any], *, by: str, key: str, now: int, most: int
    ) -> Export:
        """Note what is asked for; the same `key` of the same caller is the same export.

        Raises
        ------
        BadQuery
            Something else was asked for with that key.
        TooManyExports
            So many wait already.
        StoreUnavailable
            Nothing was noted.
        """
        text = json.dumps(asked, sort_keys=True)
        sent_key = json.dumps([by, key]) if key else None
        with self.database.writing() as writing:
            if (found := _of_key(writing, sent_key)) is not None:
                if json.dumps(dict(found.asked), sort_keys=True) != text:
                    allowed = "a new one, or the body that it came with first"
                    raise BadQuery("Idempotency-Key", key, allowed)
                return found
            rows = writing.execute(
                "SELECT count(*) FROM exports WHERE state IN ('waiting', 'running')"
            )
            if rows.fetchone()[0] >= most:
                raise TooManyExports(most)
            writing.execute(_PUT, (export_id, sent_key, text, by, now))
        return self.get(export_id)

    def get(self, export_id: str) -> Export:
        """Return one.

        Raises
        ------
        UnknownExport
            There is none, or none any more.
        StoreUnavailable
            The store cannot be read.
        """
        statement = f"SELECT {_COLUMNS} FROM exports WHERE export_id = ?"  # noqa: S608
        rows = self.database.read(statement, (export_id,))
        if not rows:
            raise UnknownExport(export_id)
        return _export(rows[0])

    def latest(self, most: int = 100) -> list[Export]:
        """Return the latest, newest first.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        statement = f"SELECT {_COLUMNS} FROM exports ORDER BY seq DESC LIMIT ?"  # noqa: S608
        return [_export(row) for row in self.database.read(statement, (most,))]

    def take(self, worker: str, *, now: int) -> Export | None:
        """Return the oldest that nobody makes, which is then the worker's; None: there is none.

        Raises
        ------
        StoreUnavailable
            None was taken.
        """
        rows = self.database.read(_NEXT, (now - LEASE,))
        if not rows:
            return None
        ((export_id,),) = rows
        with self.database.writing() as writing:
            taken = writing.execute(_TAKE, (worker, now, export_id, now - LEASE)).rowcount
        return self.get(export_id) if taken else None

    def begin(self, one: Export, worker: str, crowd: ExportCrowd) -> bool:
        """Note of whom it is made, without any part; return whether it is still the worker's."""
        values = (crowd.version, crowd.users, crowd.people, crowd.erasures)
        assignments = "version = ?, users = ?, people = ?, erasures = ?, parts = '[]'"
        return self._still(one, worker, assignments, values)

    def goes_on(self, one: Export, worker: str, *, now: int) -> bool:
        """Say that somebody makes it; return whether it is still the worker's, and wanted."""
        return self._still(one, worker, "seen_at = ?", (now,))

    def let_go(self, one: Export, worker: str) -> None:
        """Let another go on with it, after the last whole part."""
        self._still(one, worker, "state = 'waiting'", ())

    def put(self, one: Export, worker: str, parts: Sequence[ExportFile]) -> bool:
        """Note which parts are whole; return whether it is still the worker's, and wanted."""
        text = json.dumps([asdict(part) for part in parts])
        return self._still(one, worker, "parts = ?", (text,))

    def end(
        self, export_id: str, state: ExportState, *, why: str = "", now: int,
        keep: int | None = None, also: Callable[[Writing, Export], None] = lambda *_: None,
    ) -> bool:  # fmt: skip
        """Note that it ended; return whether it had not yet.

        `keep` is how long its files stay; `also` does what goes with it, in the same transaction.

        Raises
        ------
        StoreUnavailable
            It is not noted.
        """
        with self.database.writing() as writing:
            ended = writing.execute(_END, (state, why, now, export_id)).rowcount
            if ended:
                until = None if keep is None else now + keep
                statement = "UPDATE exports SET expires_at = ? WHERE export_id = ?"
                writing.execute(statement, (until, export_id))
                statement = f"SELECT {_COLUMNS} FROM exports WHERE export_id = ?"  # noqa: S608
                also(writing, _export(writing.execute(statement, (export_id,)).fetchone()))
        return bool(ended)

    def expire(self, export_id: str, why: str) -> None:
        """Note that the files of one that was done are gone.

        Raises
        ------
        StoreUnavailable
            It is not noted.
        """
        statement = "UPDATE exports SET state = 'expired', why = ? WHERE export_id = ?"
        with self.database.writing() as writing:
            writing.execute(f"{statement} AND state = 'done'", (why, export_id))

    def done(self) -> list[Export]:
        """Return those that have files.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        statement = f"SELECT {_COLUMNS} FROM exports WHERE state = 'done'"  # noqa: S608
        return [_export(row) for row in self.database.read(statement)]

    def _still(self, one: Export, worker: str, assignments: str, values: Row) -> bool:
        with self.database.writing() as writing:
            statement = _STILL.format(set=assignments)
            return bool(writing.execute(statement, (*values, one.export_id, worker)).rowcount)


def _of_key(writing: Writing, sent_key: str | None) -> Export | None:
    if sent_key is None:
        return None
    statement = f"SELECT {_COLUMNS} FROM exports WHERE sent_key = ?"  # noqa: S608
    row = writing.execute(statement, (sent_key,)).fetchone()
    return None if row is None else _export(row)


def _export(row: Row) -> Export:
    export_id, asked, by, state, why, version, users, people, parts, *rest = row
    whole = tuple(ExportFile(**part) for part in json.loads(parts))
    return Export(
        export_id,
        json.loads(asked),
        by,
        ExportState(state),
        why,
        version,
        users,
        people,
        whole,
        *rest,
    )
