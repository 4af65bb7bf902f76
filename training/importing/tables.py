"""Parquet files and workbooks into rows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from recsys.data.fields import LISTS
from recsys.errors import UnreadableFile
from training.importing.json_rows import inner
from training.importing.rows import Rows, none_broken, numbered


def read_parquet(content: bytes) -> Rows:
    """Read the columns of a Parquet file; a list of products is one row a product."""
    frame = pl.read_parquet(content).with_row_index("\x00row", offset=1)
    frame, place = _exploded(_unnested(frame))
    frame = _unnested(frame)
    lists = [name for name, dtype in frame.schema.items() if dtype in (pl.List, pl.Array)]
    frame = frame.with_columns(
        pl.col(name).cast(pl.List(pl.String), strict=False).list.join("|") for name in lists
    )
    frame = frame.with_columns(
        _unpacked(frame[n]) for n, t in frame.schema.items() if t == pl.Binary
    )
    row = frame["\x00row"].cast(pl.Int64)
    return Rows(frame.drop("\x00row"), row, none_broken(), place=place)


def read_sheet(path: Path, content: bytes) -> Rows:
    """Read a workbook: its one sheet that is not empty, or all where they have the same header.

    Raises
    ------
    UnreadableFile
        It is broken, or has sheets of different tables.
    """
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        raise UnreadableFile(path, f"broken workbook: {error}") from error
    filled = {name: rows for name, rows in sheets.items() if len(rows) > 1}
    headers = {tuple(map(str, rows[0])) for rows in filled.values()}
    if len(headers) != 1:
        named = ", ".join(filled) or "none"
        why = f"its sheets are not one table ({named}): save the one you mean as CSV (UTF-8)"
        raise UnreadableFile(path, why)
    (header,) = headers
    rows = [row for sheet in filled.values() for row in sheet[1:]]
    columns = {
        name or f"column_{place + 1}": _column([row[place] for row in rows])
        for place, name in enumerate(header)
    }
    frame = pl.DataFrame(columns)
    blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    notes = (f"sheets: {', '.join(filled)}",)
    return Rows(frame.filter(~blank), numbered(len(rows)).filter(~blank), none_broken(), notes)


def _column(values: list[Any]) -> pl.Series:
    given = [None if value == "" else value for value in values]
    kinds = {type(value) for value in given} - {type(None)}
    if len(kinds) == 1 and kinds.isdisjoint({str}):
        return pl.Series(given, strict=False)
    return pl.Series([_text(value) for value in given], dtype=pl.String)


def _text(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else str(value)


def _unnested(frame: pl.DataFrame) -> pl.DataFrame:
    while structs := [name for name, dtype in frame.schema.items() if dtype == pl.Struct]:
        frame = frame.unnest(structs, separator=".")
    return frame


def _exploded(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series | None]:
    """Return one row for each product of a list, and its place in it."""
    name = next(
        (
            name
            for name, dtype in frame.schema.items()
            if isinstance(dtype, pl.List) and inner(name) in LISTS
        ),
        None,
    )
    if name is None:
        return frame, None
    listed = isinstance(frame.schema[name].inner, pl.Struct)  # type: ignore[attr-defined]
    filled = frame[name].list.len().fill_null(0) > 0
    places = pl.Series(
        [place for n in frame[name].list.len().fill_null(0) for place in (range(n) or [None])],
        dtype=pl.Int64,
    )
    frame = frame.with_columns(pl.when(filled).then(pl.col(name))).explode(name)
    return (frame if listed else frame.rename({name: f"{name}.product_id"})), places


def _unpacked(column: pl.Series) -> pl.Series:
    """Return bytes as the text they are, or in hexadecimal where some are none (binary ids)."""
    try:
        return column.cast(pl.String)
    except pl.exceptions.ComputeError:
        return column.bin.encode("hex")
