"""The rows of a file as a reader hands them over."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from recsys.connectors.tool import Recognised

BROKEN_SCHEMA = {"row": pl.Int64, "reason": pl.String, "text": pl.String}

OF_ROWS = {
    "too_many_fields": "the row has more fields than the header",
    "stray_quote": "a quote opens or closes nothing, and as it stands the row is not like the rest",
    "torn_row": "a line break without quotes tears the row in two",
    "broken_json": "the line is not a JSON object",
}
"""Why a row cannot be split into columns."""


class Rows(NamedTuple):
    """What a reader makes of the bytes of a file.

    Attributes
    ----------
    frame : DataFrame
        The columns of the file under their own names; text files give text.
    row : Series of int64
        For each row of `frame`, its row in the file, the first one after a header is 1.
    broken : DataFrame
        ``row``, ``reason`` and the ``text`` of rows that are not in `frame`.
    notes : tuple of str
        What was noticed while reading.
    place : Series of int64 or None
        For each row of `frame`, its place in the list of products of one event, null for others;
        None where the file has no lists.
    tool : Recognised or None
        The tool whose file it is; None: none that is known.
    """

    frame: pl.DataFrame
    row: pl.Series
    broken: pl.DataFrame
    notes: tuple[str, ...] = ()
    place: pl.Series | None = None
    tool: Recognised | None = None


def none_broken() -> pl.DataFrame:
    """Return the frame of broken rows of a file that has none."""
    return pl.DataFrame(schema=BROKEN_SCHEMA)


def numbered(rows: int) -> pl.Series:
    """Return the numbers of so many rows, from 1."""
    return pl.int_range(1, rows + 1, dtype=pl.Int64, eager=True)
