"""Records of JSON into rows of text: nested names with dots, one row for each part of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, NamedTuple

import orjson
import polars as pl

from recsys.connectors.tool import Shape

Record = Mapping[str, Any]
_ENOUGH = 200
_DEEPEST = 8


class Flattened(NamedTuple):
    """Rows of text, the record that each is of, and its place in the list of it; null: no list."""

    frame: pl.DataFrame
    record: pl.Series
    place: pl.Series


def columns_of(records: Iterable[Any]) -> dict[str, list[str]]:
    """Return the fields of the first records, those within lists too, and their values."""
    found: dict[str, list[str]] = {}
    for record in islice((one for one in records if isinstance(one, dict)), _ENOUGH):
        for name, value in _deep(record):
            values = found.setdefault(name, [])
            if len(values) < _ENOUGH and isinstance(value, str | int | float):
                values.append(_text(value) or "")
    return found


def flattened(
    records: Iterable[Record], shape: Shape, prepare: Callable[[Record], Record] | None = None
) -> Flattened:
    """Return the rows of records, as a shape says.

    Parameters
    ----------
    records : iterable of mapping
        As JSON gives them.
    shape : Shape
        Which of their lists is one row for each of its parts.
    prepare : callable or None
        Makes of each record one that a table can read; one of another form stays as it is.
    """
    rows: list[dict[str, str | None]] = []
    of: list[int] = []
    places: list[int | None] = []
    for number, record in enumerate(records):
        for place, row in _rows(_prepared(record, prepare), shape.rows):
            rows.append(row)
            of.append(number)
            places.append(place)
    names = dict.fromkeys(chain.from_iterable(rows))
    columns = {name: [row.get(name) for row in rows] for name in names}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return Flattened(frame, pl.Series(of, dtype=pl.Int64), pl.Series(places, dtype=pl.Int64))


def _prepared(record: Record, prepare: Callable[[Record], Record] | None) -> Record:
    try:
        return prepare(record) if prepare else record
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # Its rows are refused for what they lack then: no call keeps others from being read.
        return record


def _rows(record: Record, path: str) -> Iterator[tuple[int | None, dict[str, str | None]]]:
    whole = dict(_flat(record))
    parts = whole.pop(path, None) if path else None
    if not isinstance(parts, list) or not parts:
        yield None, {name: _text(value) for name, value in whole.items()}
        return
    of_all = {name: _text(value) for name, value in whole.items()}
    for place, part in enumerate(parts):
        of_part = _flat(part, f"{path}.") if isinstance(part, dict) else [(path, part)]
        yield place, of_all | {name: _text(value) for name, value in of_part}


def _flat(record: Record, outer: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict) and outer.count(".") < _DEEPEST:
            yield from _flat(value, f"{outer}{name}.")
        else:
            yield f"{outer}{name}", value


def _deep(record: Record) -> Iterator[tuple[str, Any]]:
    for name, value in _flat(record):
        yield name, value
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from ((f"{name}.{inner}", one) for inner, one in _deep(value[0]))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "|".join(value)
    return orjson.dumps(value, default=str).decode()
