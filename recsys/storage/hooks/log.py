"""Bodies of webhooks: on the disk before they are acknowledged, sealed, kept for replays."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain

from recsys.data.times import DAY
from recsys.storage.database.interface import Database, Writing
from recsys.storage.privacy.vault import Vault


@dataclass(frozen=True, slots=True)
class Hook:
    """A call of a tool.

    Attributes
    ----------
    tool : str
        Whose.
    content_type : str
        Of its body.
    body : bytes
        As it came.
    at : int
        When, microseconds since the epoch.
    """

    tool: str
    content_type: str
    body: bytes
    at: int


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What became of a call: rows by what they became, names nobody knows, and whose they are.

    Of `people` those of `erased` are forgotten, the call with them.
    """

    rows: Mapping[str, int]
    unknown: Mapping[str, int]
    people: Collection[str]
    erased: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """What came of a tool by webhook: how many calls, the last one, and what its rows became."""

    tool: str
    calls: int
    waiting: int
    last: int
    rows: Mapping[str, int]
    unknown: Mapping[str, int]


_PUT = "INSERT INTO hooks (tool, content_type, body, at, report, people) VALUES "
_ROW = "(?, ?, ?, ?, '', '')"
_AT_ONCE = 100
_WAITING = """
SELECT seq, tool, content_type, body, at FROM hooks WHERE done_at IS NULL ORDER BY seq LIMIT ?
"""
_DONE = "UPDATE hooks SET done_at = ?, report = ?, people = ? WHERE seq = ?"
_HEARD = "SELECT tool, at, done_at IS NULL, report FROM hooks ORDER BY seq"


class HookLog:
    """The calls in an open store. Safe to use from several threads.

    Parameters
    ----------
    database : Database
        Where they are kept.
    key : str
        Of the shop, that hides addresses: bodies, which hold them, are sealed by it.
    """

    def __init__(self, database: Database, key: str) -> None:
        self.database = database
        self._vault = Vault([urlsafe_b64encode(sha256(b"hooks:" + key.encode()).digest()).decode()])

    def put(self, hooks: Sequence[Hook]) -> list[bool]:
        """Keep calls in one transaction; they are on the disk when this returns.

        Raises
        ------
        StoreUnavailable
            None was kept.
        """
        rows = [(one.tool, one.content_type, self._sealed(one.body), one.at) for one in hooks]
        with self.database.writing() as writing:
            # Many rows a statement: each lets other threads run, and waits to run again.
            for start in range(0, len(rows), _AT_ONCE):
                part = rows[start : start + _AT_ONCE]
                writing.execute(_PUT + ", ".join([_ROW] * len(part)), [*chain(*part)])
        return [True] * len(rows)

    def waiting(self, most: int = 100) -> list[tuple[int, Hook]]:
        """Return calls that nothing was made of yet, the oldest first, with their numbers.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        return [
            (seq, Hook(tool, content_type, self._opened(body), at))
            for seq, tool, content_type, body, at in self.database.read(_WAITING, (most,))
        ]

    def done(self, outcomes: Mapping[int, CallOutcome], *, now: int) -> None:
        """Note what became of calls.

        Raises
        ------
        StoreUnavailable
            It is not noted: they are looked at again, which changes nothing.
        """
        with self.database.writing() as writing:
            writing.executemany(
                _DONE, [(now, *_told(outcome), seq) for seq, outcome in outcomes.items()]
            )

    def forget(self, user_ids: Collection[str]) -> None:
        """Delete the calls that said something of some users.

        Raises
        ------
        StoreUnavailable
            None was deleted.
        """
        if user_ids:
            with self.database.writing() as writing:
                for user_id in user_ids:
                    forget(writing, user_id)

    def again(self, tool: str, *, since: int) -> int:
        """Let the calls of a tool since a time be looked at again, and return how many.

        Raises
        ------
        StoreUnavailable
            None will be.
        """
        statement = "UPDATE hooks SET done_at = NULL WHERE tool = ? AND at >= ?"
        with self.database.writing() as writing:
            return writing.execute(statement, (tool, since)).rowcount

    def _sealed(self, body: bytes) -> str:
        return self._vault.seal(b64encode(body).decode())

    def _opened(self, sealed: str) -> bytes:
        return b64decode(self._vault.open(sealed) or "")


def heard(database: Database) -> list[ToolCalls]:
    """Return what came by webhook of each tool, of the calls that are kept.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    found: dict[str, ToolCalls] = {}
    for tool, at, waits, report in database.read(_HEARD):
        said = json.loads(report) if report else {"rows": {}, "unknown": {}}
        before = found.get(tool, ToolCalls(tool, 0, 0, 0, {}, {}))
        found[tool] = ToolCalls(
            tool,
            before.calls + 1,
            before.waiting + bool(waits),
            max(before.last, at),
            _added(before.rows, said["rows"]),
            _added(before.unknown, said["unknown"]),
        )
    return list(found.values())


def forget(writing: Writing, user_id: str) -> int:
    """Delete the calls that said something of a user."""
    name = json.dumps(user_id).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    statement = "DELETE FROM hooks WHERE people LIKE ? ESCAPE '\\'"
    return writing.execute(statement, (f"%{name}%",)).rowcount


def prune(database: Database, days: int, *, now: int) -> int:
    """Delete calls that were looked at, after so many days.

    Raises
    ------
    StoreUnavailable
        None was deleted.
    """
    statement = "DELETE FROM hooks WHERE at < ? AND done_at IS NOT NULL"
    with database.writing() as writing:
        return writing.execute(statement, (now - days * DAY,)).rowcount


def _told(outcome: CallOutcome) -> tuple[str, str]:
    report = {"rows": dict(outcome.rows), "unknown": dict(outcome.unknown)}
    return json.dumps(report), json.dumps(sorted(outcome.people))


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}
