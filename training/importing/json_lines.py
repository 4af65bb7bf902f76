"""JSON lines into a frame: one object a line, one row a line, or one a product of an order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import polars as pl

Broken = tuple[int, str, str]
DEEPER = "context.device"
"""The one object two levels down that is read: Segment's ``context.device.type``."""
OF_THE_ORDER = frozenset({"device", "device_type", "placement"})
"""A product may be a device: on which one it was ordered, the order says."""


def read_json_lines(content: bytes) -> tuple[pl.DataFrame, pl.Series, list[Broken]]:
    """Read one JSON object a line.

    Objects within an object become columns ``outer.inner``, and ``DEEPER`` one level more. An
    order with a list of products (``properties.products`` of Segment's Order Completed) becomes one
    row a product.

    Returns
    -------
    frame : DataFrame
        One column for each key that occurs.
    row : Series of int64
        The line of each row, from 1.
    broken : list of (line, reason, text)
        Lines that are not a JSON object.
    """
    records: list[dict[str, Any]] = []
    rows: list[int] = []
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
        for flat in _products(_flat(record)):
            records.append(flat)
            rows.append(number)
    names = list(dict.fromkeys(name for record in records for name in record))
    frame = pl.DataFrame([_column(name, [r.get(name) for r in records]) for name in names])
    return frame, pl.Series(rows, dtype=pl.Int64), broken


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


def _products(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    products = record.pop("properties.products", None)
    if not isinstance(products, list) or not products:
        yield record
        return
    for place, product in enumerate(products):
        facts = product if isinstance(product, dict) else {"product_id": product}
        one = record | {
            f"properties.{name}": value for name, value in facts.items() if name not in OF_THE_ORDER
        }
        if place and isinstance(record.get("messageId"), str):
            one["messageId"] = f"{record['messageId']}#{place}"
        yield one


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
