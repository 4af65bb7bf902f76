"""What is in the tables of a store, as one figure each that any kind of store gives alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Table

from recsys.storage.database.interface import Read, Row, Writing
from recsys.storage.database.tables import METADATA

Progress = Callable[[str], object]

BATCH = 20_000
_REPORTED = 10
_MODULUS = 1 << 256


@dataclass(frozen=True, slots=True)
class Contents:
    """Of one table.

    Attributes
    ----------
    rows : int
        How many.
    sha256 : str
        Of the rows in any order: the sum of the hashes of each, modulo 2**256, in hexadecimal.
    """

    rows: int
    sha256: str


def tables() -> tuple[str, ...]:
    """Return the names of all tables that hold data."""
    return tuple(table.name for table in METADATA.sorted_tables)


def columns(table: str) -> tuple[str, ...]:
    """Return the names of the columns of a table."""
    return tuple(METADATA.tables[table].columns.keys())


def of(read: Read, table: str, names: Sequence[str] | None = None) -> Contents:
    """Return what is in a table, or in some of its columns, a batch in memory at a time."""
    total = _Total()
    for rows in _pages(read, METADATA.tables[table], names or columns(table)):
        total.add(rows)
    return total.contents()


def pour(read: Read, writing: Writing, *, progress: Progress) -> Mapping[str, Contents]:
    """Put all rows that `read` gives into the empty tables of a store, a batch at a time.

    Returns
    -------
    mapping of str to Contents
        What was read, by table.
    """
    poured = {}
    for table in METADATA.sorted_tables:
        total, names = _Total(), columns(table.name)
        for number, rows in enumerate(_pages(read, table, names), start=1):
            total.add(rows)
            given = dict(zip(names, zip(*rows, strict=True), strict=True))
            writing.load(table.name, given, same={}, progress=int)
            if number % _REPORTED == 0:
                progress(f"{table.name}: {total.rows:,} rows so far")
        if "seq" in names:
            writing.continue_seqs(table.name)
        poured[table.name] = total.contents()
        progress(f"{table.name}: {total.rows:,} rows")
    return poured


class _Total:
    def __init__(self) -> None:
        self.rows = self._sum = 0

    def add(self, rows: Sequence[Row]) -> None:
        self.rows += len(rows)
        hashes = (hashlib.sha256(orjson.dumps(row)).digest() for row in rows)
        self._sum = (self._sum + sum(int.from_bytes(one) for one in hashes)) % _MODULUS

    def contents(self) -> Contents:
        return Contents(self.rows, f"{self._sum:064x}")


def _pages(read: Read, table: Table, names: Sequence[str]) -> Iterator[list[Row]]:
    keys = table.primary_key.columns.keys()
    key, marks = ", ".join(keys), ", ".join("?" * len(keys))
    kinds = [table.columns[name].type.python_type for name in names]
    chosen = f"SELECT {key}, {', '.join(names)} FROM {table.name}"  # noqa: S608 - from the code
    rows = read(f"{chosen} ORDER BY {key} LIMIT ?", (BATCH,))
    while rows:
        yield [_alike(row[len(keys) :], kinds) for row in rows]
        after = (*rows[-1][: len(keys)], BATCH)
        rows = read(f"{chosen} WHERE ({key}) > ({marks}) ORDER BY {key} LIMIT ?", after)


def _alike(row: Row, kinds: Sequence[type[Any]]) -> Row:
    """Return a row as any kind of store would give it: SQLite knows no bool."""
    return tuple(
        value if value is None else kind(value) for value, kind in zip(row, kinds, strict=True)
    )
