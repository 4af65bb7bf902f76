"""JSON lines into a frame: one object a line, one row a line, or one a product of an order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
import polars as pl

from recsys.data.fields import EVENT, LISTS, PRODUCT, WRAPPERS, plain

Broken = tuple[int, str, str]
DEEPER = "context.device"
"""The one object two levels down that is read: Segment's ``context.device.type``."""


class JsonRows(NamedTuple):
    """What JSON lines hold.

    Attributes
    ----------
    frame : DataFrame
        One column for each key that occurs.
    row : Series of int64
        The line of each row, from 1.
    place : Series of int64
        Its place in the list of products of its line; null where there is none.
    broken : list of (line, reason, text)
        Lines that are not a JSON object.
    """

    frame: pl.DataFrame
    row: pl.Series
    place: pl.Series
    broken: list[Broken]


def read_json_lines(content: bytes) -> JsonRows:
    """Read one JSON object a line.

    Objects within an object become columns ``outer.inner``, and ``DEEPER`` one level more. An event
    with a list of products (``properties.products`` of Segment's Order Completed) becomes one row
    a product, its fields in columns ``properties.products.…``.
    """
    records: list[dict[str, Any]] = []
    rows: list[int] = []
    places: list[int | None] = []
    broken: list[Broken] = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            record = None
        if not isinstance(record, dict):
            broken.append((number, "broken_json", line.decode(errors="replace")))
            continue
        for place, flat in _products(_flat(record)):
            records.append(flat)
            rows.append(number)
            places.append(place)
    names = list(dict.fromkeys(name for record in records for name in record))
    frame = pl.DataFrame([_column(name, [r.get(name) for r in records]) for name in names])
    return JsonRows(
        frame, pl.Series(rows, dtype=pl.Int64), pl.Series(places, dtype=pl.Int64), broken
    )


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            flat.update({f"{name}.{inner}": deeper for inner, deeper in value.items()})
        else:
            flat[name] = value
    if isinstance(device := flat.get(DEEPER), dict):
        del flat[DEEPER]
        flat.update({f"{DEEPER}.{inner}": said for inner, said in device.items()})
    return flat


def _products(record: dict[str, Any]) -> Iterator[tuple[int | None, dict[str, Any]]]:
    column = next((name for name, value in record.items() if _is_list(name, value)), None)
    if column is None:
        yield None, record
        return
    products = record.pop(column)
    # What the event says of a product is not said of each of several.
    of_all = {name: value for name, value in record.items() if not _is_of_product(name)}
    for place, product in enumerate(products):
        facts = product if isinstance(product, dict) else {"product_id": product}
        yield place, of_all | {f"{column}.{name}": value for name, value in facts.items()}


def _is_list(name: str, value: Any) -> bool:
    return bool(value) and isinstance(value, list) and _inner(name) in LISTS


def _is_of_product(name: str) -> bool:
    place = EVENT.place(_inner(name))
    return place is not None and place.meaning in PRODUCT.table


@lru_cache(4_096)
def _inner(name: str) -> str:
    outer, _, inner = plain(name).partition(".")
    return inner if inner and outer in WRAPPERS else plain(name)


def _column(name: str, values: list[Any]) -> pl.Series:
    kinds = {type(value) for value in values} - {type(None)}
    fits = all(-(2**63) <= v < 2**63 for v in values if isinstance(v, int))
    if kinds <= {int} and fits:
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds <= {int, float} and fits:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "|".join(value)
    return orjson.dumps(value).decode()
