"""Files of known tools into rows, each told by what it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from recsys.connectors import read
from recsys.connectors.registry import Tools, recognised
from training.importing.json_rows import documents, rows_of
from training.importing.rows import BROKEN_SCHEMA, Rows, none_broken

_SOME = 200
_HEADERS = "column_headers.tsv"


def of_frame(tools: Tools, wanted: str, rows: Rows) -> Rows:
    """Return the rows of a table, taken apart where a tool is known whose table it is."""
    head = rows.frame.head(_SOME).cast(pl.String, strict=False)
    columns = {name: head[name].drop_nulls().unique().to_list() for name in head.columns}
    tool = recognised(tools, columns, wanted=wanted)
    if tool is None:
        return rows
    if tool.shape.generic:
        return rows._replace(tool=tool)
    found = read.of_frame(rows.frame, tool.shape)
    return rows._replace(
        frame=found.frame, row=rows.row.gather(found.of), place=found.place, tool=tool
    )


def of_json(tools: Tools, wanted: str, path: Path, content: bytes) -> Rows:
    """Return the rows of JSON: of the tool whose records they are, else by their usual names.

    Raises
    ------
    UnreadableFile
        It is no JSON.
    """
    numbered = documents(path, content)
    found = read.recognised_records(tools, [one for _, one in numbered], wanted=wanted)
    if found is None:
        return rows_of(numbered)
    tool, level = found
    if tool.shape.generic:
        return rows_of(numbered)._replace(tool=tool)
    # One document alone counts its records, as one that is a list does.
    alone = len(numbered) == 1
    numbers = [n + 1 if alone else numbered[at][0] for n, (at, _) in enumerate(level)]
    good = [(n, one) for n, (_, one) in zip(numbers, level, strict=True) if isinstance(one, dict)]
    bad = [
        (n, one) for n, (_, one) in zip(numbers, level, strict=True) if not isinstance(one, dict)
    ]
    rows = read.of_records((one for _, one in good), tool.shape)
    broken = [(n, "broken_json", _as_text(one)) for n, one in bad]
    return Rows(
        rows.frame,
        pl.Series([n for n, _ in good], dtype=pl.Int64).gather(rows.of),
        pl.DataFrame(broken, schema=BROKEN_SCHEMA, orient="row"),
        place=rows.place,
        tool=tool,
    )


def of_parquet(tools: Tools, wanted: str, content: bytes) -> Rows | None:
    """Return the rows of Parquet whose columns are nested as a tool nests them; else None."""
    if not tools:
        return None
    head = pl.read_parquet(content, n_rows=_SOME).to_dicts()
    found = read.recognised_records(tools, head, wanted=wanted)
    if found is None or found[0].shape.generic:
        return None
    records = pl.read_parquet(content).to_dicts()
    rows = read.of_records(records, found[0].shape)
    return Rows(rows.frame, rows.of + 1, none_broken(), place=rows.place, tool=found[0])


def header_beside(path: Path) -> tuple[str, ...]:
    """Return the names of the columns of Adobe's ``hit_data``, which stand in a file beside it."""
    names = path.with_name(_HEADERS)
    if not path.name.startswith("hit_data") or not names.exists():
        return ()
    return tuple(names.read_text(encoding="utf-8").strip().split("\t"))


def _as_text(record: Any) -> str:
    return record.decode(errors="replace") if isinstance(record, bytes) else str(record)
