"""How a table is written down: its columns in words of their own, free of any database's dialect.

Columns are never null unless they say so. A column's comment says what it holds.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, MetaData, Table, Text
from sqlalchemy import text as condition
from sqlalchemy.schema import SchemaItem

METADATA = MetaData()

# SQLite gives a rowid only to INTEGER primary keys; other databases need the wide type.
_SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")


def table(name: str, *of: SchemaItem) -> Table:
    """Return a table of the store."""
    return Table(name, METADATA, *of)


def seq(comment: str = "order of arrival") -> Column[Any]:
    """Return the number of a row, which ascends."""
    return Column("seq", _SEQUENCE, primary_key=True, comment=comment or None)


def text(name: str, comment: str | None = None, **more: Any) -> Column[Any]:
    """Return a column of texts; `more` as of :class:`sqlalchemy.Column`."""
    return _column(name, Text(), comment, more)


def whole(name: str, comment: str | None = None, **more: Any) -> Column[Any]:
    """Return a column of whole numbers of 64 bits."""
    return _column(name, BigInteger(), comment, more)


def small(name: str, comment: str | None = None, **more: Any) -> Column[Any]:
    """Return a column of whole numbers of 32 bits."""
    return _column(name, Integer(), comment, more)


def real(name: str, comment: str | None = None, **more: Any) -> Column[Any]:
    """Return a column of float64."""
    return _column(name, Double(), comment, more)


def flag(name: str, comment: str | None = None, **more: Any) -> Column[Any]:
    """Return a column of yes or no."""
    return _column(name, Boolean(create_constraint=False), comment, more)


def time(name: str) -> Column[Any]:
    """Return a column of instants."""
    return whole(name, "microseconds since the epoch")


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Return an index of some rows only."""
    only = condition(where)
    return Index(name, *columns, unique=unique, sqlite_where=only, postgresql_where=only)


def _column(name: str, kind: Any, comment: str | None, more: dict[str, Any]) -> Column[Any]:
    return Column(name, kind, comment=comment, **{"nullable": False, **more})
