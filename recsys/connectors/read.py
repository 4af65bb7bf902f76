"""Rows and records of a tool, ready for its table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import polars as pl

from recsys.connectors.formats.table import OF_FRAMES, OF_RECORDS
from recsys.connectors.records import columns_of, flattened
from recsys.connectors.registry import Tools, recognised
from recsys.connectors.tool import Recognised, Shape

ROW, PLACE = "\x00row", "\x00place"


class Read(NamedTuple):
    """Rows, which one of those given each is of, and its place among them; null: it is the one."""

    frame: pl.DataFrame
    of: pl.Series
    place: pl.Series


def of_records(records: Iterable[dict[str, Any]], shape: Shape) -> Read:
    """Return the rows of records of JSON."""
    found = Read(*flattened(records, shape, OF_RECORDS.get(shape.code)))
    if any(name.startswith(f"{shape.rows}.") for name in shape.id if shape.rows):
        # Each has an id of its own, in whichever batch and place it comes.
        return found._replace(place=pl.repeat(None, len(found.frame), dtype=pl.Int64, eager=True))
    return found


def of_frame(frame: pl.DataFrame, shape: Shape) -> Read:
    """Return the rows of a table."""
    apart = OF_FRAMES.get(shape.code)
    numbered = frame.with_row_index(ROW)
    if apart is not None:
        numbered = apart(numbered)
    if PLACE not in numbered.columns:
        numbered = numbered.with_columns(pl.lit(None, pl.Int64).alias(PLACE))
    of, place = (numbered[name].cast(pl.Int64) for name in (ROW, PLACE))
    return Read(numbered.drop(ROW, PLACE), of, place)


def recognised_records(
    tools: Tools, documents: Sequence[Any], *, wanted: str = ""
) -> tuple[Recognised, list[tuple[int, Any]]] | None:
    """Return of which tool documents of JSON are, and its records; None where of none.

    Parameters
    ----------
    tools : mapping of str to Tool
        Those there are.
    documents : sequence
        As JSON gave them: each a record, or an object that holds a list of them.
    wanted : str
        As :func:`recsys.connectors.registry.recognised` takes it.

    Returns
    -------
    (Recognised, list of (int, record)) or None
        Each record with the place of its document.
    """
    as_they_are = list(enumerate(documents))
    within = [(place, one) for place, each in as_they_are for one in held(each)]
    levels = [(_of(tools, level, wanted), level) for level in (as_they_are, within) if level]
    found = [(tool, level) for tool, level in levels if tool is not None]
    if not found:
        return None
    return max(found, key=lambda one: (not one[0].lacking, one[0].held))


def _of(tools: Tools, level: Sequence[tuple[int, Any]], wanted: str) -> Recognised | None:
    return recognised(tools, columns_of(one for _, one in level), wanted=wanted)


def held(document: Any) -> list[Any]:
    """Return the records that a document holds in its one list of objects; else the document.

    In a JSON:API document each has what it refers to by name: Klaviyo keeps the metric and the
    profile of an event beside the list.
    """
    if not isinstance(document, dict):
        return [document]
    beside = {
        _named(one): one.get("attributes") or {}
        for one in document.get("included") or ()
        if isinstance(one, dict)
    }
    lists = [
        value
        for name, value in document.items()
        if name != "included" and not name.startswith("_") and _is_of_records(value)
    ]
    if len(lists) != 1:
        return [document]
    return [_joined(one, beside) for one in lists[0]] if beside else lists[0]


def _is_of_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _joined(record: Any, beside: dict[tuple[str, str], Any]) -> Any:
    if not isinstance(record, dict):
        return record
    refs = record.get("relationships")
    found = {}
    for name, ref in refs.items() if isinstance(refs, dict) else ():
        data = ref.get("data") if isinstance(ref, dict) else None
        if isinstance(data, dict) and _named(data) in beside:
            found[name] = beside[_named(data)]
    return {**record, **found}


def _named(one: dict[str, Any]) -> tuple[str, str]:
    return str(one.get("type")), str(one.get("id"))
