"""A table: shown on a page, and the same as CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from api.answers.csv_cells import safe
from api.console.axis import Axis
from api.console.words import N_
from api.messages.message import dump

Row = Mapping[str, Any]


class CellKind(StrEnum):
    """How the cells of a column are shown."""

    TEXT = "text"
    WORD = "word"
    COUNT = "count"
    NUMBER = "number"
    SHARE = "share"
    MONEY = "money"
    TIME = "time"
    DAY = "day"
    CODE = "code"
    LIFT = "lift"
    PARTS = "parts"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    key : str
        Of the cells in the rows, and its name in files.
    label : str
        Its heading, to be translated.
    kind : Kind
        How cells are shown; of ``LIFT`` each is a value with low, high and n.
    words : str
        Of ``WORD``: the vocabulary that the cells are words of.
    href : str
        Where cells lead, with names of cells in braces.
    """

    key: str
    label: str
    kind: CellKind = CellKind.TEXT
    words: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns.

    Attributes
    ----------
    name : str
        In addresses.
    title, empty : str
        Its heading, and what stands where it has no rows; to be translated.
    note : str
        What the reader should know: who is counted, since when; to be translated.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    empty: str = N_("Nothing here yet.")
    note: str = ""
    cells: Mapping[str, Any] = field(default_factory=dict)

    def axis(self, key: str) -> Axis:
        """Return the axis that all lifts of a column share, with 0 on it."""
        bounds = [0.0]
        for row in self.rows:
            if row[key]:
                bounds += [row[key]["low"], row[key]["high"]]
        return Axis.over(bounds, length=180)

    def csv(self) -> bytes:
        """Return it as CSV; no text in it is a formula to a spreadsheet."""
        text = io.StringIO()
        rows = [self._flat(row) for row in self.rows]
        names = list(dict.fromkeys(name for column in self.columns for name in _names(column)))
        writer = csv.DictWriter(text, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(map(safe, rows))
        return text.getvalue().encode()

    def json(self) -> bytes:
        """Return it as a JSON list of objects."""
        keys = [column.key for column in self.columns]
        return dump([{key: row.get(key) for key in keys} for row in self.rows])

    def _flat(self, row: Row) -> dict[str, Any]:
        flat: dict[str, Any] = {}
        for column in self.columns:
            cell = row.get(column.key)
            if column.kind is CellKind.LIFT:
                found = cell or {}
                parts = [found.get(one) for one in ("value", "low", "high", "n")]
                flat.update(zip(_names(column), parts, strict=True))
            else:
                flat[column.key] = "; ".join(map(str, cell)) if isinstance(cell, list) else cell
        return flat


def _names(column: Column) -> tuple[str, ...]:
    if column.kind is not CellKind.LIFT:
        return (column.key,)
    return column.key, *(f"{column.key}_{part}" for part in ("low", "high", "n"))
