"""The store behind one small interface: an embedded SQLite file, or a PostgreSQL server.

Statements are portable SQL; their values stand at ``?`` or ``?1``. What differs between the two
(rows that may be there already, bulk, merging of JSON) is behind :class:`Writing` and
:class:`Database`. Events get their ``seq`` one writer at a time: what is visible at a ``seq`` stays
complete up to it, so a watermark never skips an event that commits late.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, cast

from recsys.errors import BadValue

_KEYS_AT_ONCE = 500

SQLITE = "sqlite:///"

POSTGRES = ("postgresql://", "postgres://")

Row = tuple[Any, ...]

Read = Callable[..., list[Row]]
"""A function of (statement, values) that returns all rows."""

Scalar = str | int | float | bool | None


class Cursor(Protocol):
    """What a statement returned."""

    @property
    def rowcount(self) -> int:
        """How many rows were written."""

    def fetchall(self) -> list[Any]:
        """Return all rows."""

    def fetchone(self) -> Any:
        """Return the next row, None when there is none."""


class Writing(Protocol):
    """A transaction that writes."""

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Cursor:
        """Run a statement."""

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Cursor:
        """Run a statement for each row; ``rowcount`` is that of all together."""

    def insert_new(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> list[bool]:
        """Insert rows but those whose key is there already, and return which were new.

        The first two columns are the key.
        """

    def load(
        self,
        table: str,
        columns: Mapping[str, Sequence[Any]],
        *,
        same: Mapping[str, Scalar],
        progress: Callable[[int], object],
    ) -> int:
        """Insert many rows but those that conflict, and return how many were new.

        Parameters
        ----------
        table : str
            Which.
        columns : mapping of str to sequence
            Sequences, NumPy arrays or polars Series of one length; NaN is null.
        same : mapping of str to scalar
            Columns that are the same in all rows.
        progress : callable
            Told the number of rows handed over so far, now and then.
        """

    def next_seqs(self, table: str, count: int) -> Sequence[int]:
        """Return the next `count` sequence numbers of a table, ascending; they are then taken."""

    def continue_seqs(self, table: str) -> None:
        """Count on from the highest ``seq`` in a table, however it came there."""


class Database(Protocol):
    """An open store, safe to use from several threads.

    Attributes
    ----------
    place : str
        Where it is, without secrets: for messages.
    local : bool
        Whether a read costs microseconds and needs no network.
    receipts : Path or None
        The file beside it in which erasures are noted too; None where there is none.
    """

    place: str
    local: bool
    receipts: Path | None

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a query.

        Raises
        ------
        StoreUnavailable
            It cannot be read.
        """

    def snapshot(self) -> AbstractContextManager[Read]:
        """Read what was there at one instant, whoever writes during the block, however long.

        Raises
        ------
        StoreUnavailable
            It cannot be read.
        """

    def writing(self) -> AbstractContextManager[Writing]:
        """Run one transaction, durable at the end of the block, undone when the block raises.

        Raises
        ------
        StoreUnavailable
            It cannot be written: locked, full, gone…
        """

    def version(self) -> int | None:
        """Return a number that stays only while nobody writes; None where it costs a round trip.

        Raises
        ------
        StoreUnavailable
            It cannot be read.
        """

    def merged(self, old: str, new: str) -> str:
        """Return the expression for a JSON object `old` with the members of `new` put over it."""

    def tidy(self) -> None:
        """Clean up after many writes."""

    def close(self) -> None:
        """Let go of all connections."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait for a server and how much to ask of it. SQLite needs none of it.

    Attributes
    ----------
    connections : int
        Most at a time, of one process.
    connect_ms : int
        Longest wait for a connection.
    statement_ms : int
        Longest statement of a request; bulk loads may take longer.
    """

    connections: int = 8
    connect_ms: int = 2_000
    statement_ms: int = 5_000


USUAL = Limits()


def refuse_url(url: str) -> BadValue:
    """Return the error for an address of no known kind; it shows no password."""
    shown = url if "@" not in url else f"{url.partition('://')[0]}://…"
    return BadValue("storage.url", shown, f"{SQLITE}<file> or {POSTGRES[0]}<user>@<host>/<name>")


def plain(column: Any) -> Sequence[Any]:
    """Return a column of NumPy or polars as Python values; any other sequence as it is."""
    for method in ("tolist", "to_list"):
        if hasattr(column, method):
            values: Sequence[Any] = getattr(column, method)()
            return values
    return cast("Sequence[Any]", column)


def within(writing: Writing) -> Read:
    """Return how to read within a transaction."""
    return lambda statement, values=(): writing.execute(statement, values).fetchall()


def of_keys(read: Read, statement: str, keys: Collection[str]) -> Iterator[Row]:
    """Yield the rows of a query about keys, which stand for ``{keys}`` in it; some at a time.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    left = iter(keys)
    while some := list(islice(left, _KEYS_AT_ONCE)):
        yield from read(statement.format(keys=", ".join("?" * len(some))), some)


def first_of(new: set[Row], rows: Sequence[Sequence[Any]]) -> list[bool]:
    """Return which rows are the first with a key, their first two values, among the `new`."""
    left = set(new)
    firsts = []
    for first, second, *_ in rows:
        firsts.append((first, second) in left)
        left.discard((first, second))
    return firsts
