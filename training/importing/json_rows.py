"""JSON into rows: one an object, or one a product of an order."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from recsys.data.fields import EVENT, LISTS, PRODUCT, WRAPPERS, plain
from recsys.data.paid_back import paid_back
from recsys.errors import UnreadableFile
from training.importing.json_values import BROKEN, load, one_after_another, untyped
from training.importing.rows import BROKEN_SCHEMA, Rows

BrokenLine = tuple[int, str, str]
DEEPER = "context.device"
"""The one object two levels down that is read: Segment's ``context.device.type``."""
HOLDERS = ("events", "data", "results", "orders", "records", "rows", "items")
"""What an object calls the list of records that it holds."""


def documents(path: Path, content: bytes) -> list[tuple[int, Any]]:
    """Return what a file holds, one a line, in a list, one after the other, or one alone.

    Returns
    -------
    list of (int, value)
        Each with its number in the file, from 1; a broken line is its bytes.

    Raises
    ------
    UnreadableFile
        It is no JSON.
    """
    lines = _lines(content)
    if not _is_one_value(content, lines):
        found = list(_loaded(lines))
        if all(isinstance(one, list) for _, one in found):
            return list(enumerate(chain.from_iterable(one for _, one in found), start=1))
        if not any(isinstance(one, dict) for _, one in found):
            found = [*enumerate(one_after_another(content) or (), start=1)] or found
        return found
    whole = _whole(path, content)
    return list(enumerate(whole if isinstance(whole, list) else [whole], start=1))


def rows_of(found: list[tuple[int, Any]]) -> Rows:
    """Return the rows of what a file holds; one object that is alone may hold a list of them.

    Objects within an object become columns ``outer.inner``, and ``DEEPER`` one level more. An event
    with a list of products (``properties.products`` of Segment's Order Completed) becomes one row
    a product, its fields in columns ``properties.products.…``.
    """
    if len(found) == 1 and isinstance(found[0][1], dict):
        return _rows(enumerate(_records(found[0][1]), start=1))
    return _rows(found)


def with_products(rows: Rows) -> Rows:
    """Return the rows of a table with one row for each product of a list that is written as text.

    As a warehouse exports the products of an order: JSON, or as Python writes a list.
    """
    texts = [name for name, dtype in rows.frame.schema.items() if dtype == pl.String]
    if not any(
        inner(name) in LISTS and rows.frame[name].str.contains(r"^\s*\[").any() for name in texts
    ):
        return rows
    found = _rows(zip(rows.row, rows.frame.iter_rows(named=True), strict=True))
    return found._replace(broken=rows.broken, notes=rows.notes)


def _rows(records: Iterable[tuple[int, Any]]) -> Rows:
    good: list[dict[str, Any]] = []
    rows: list[int] = []
    places: list[int | None] = []
    broken: list[BrokenLine] = []
    seen: set[str] = set()
    lists: set[str] = set()
    for number, record in records:
        if not isinstance(record, dict):
            broken.append((number, "broken_json", _as_text(record)))
            continue
        flat = _flat(record)
        if not seen.issuperset(flat):
            new = flat.keys() - seen
            seen |= new
            lists |= {name for name in new if inner(name) in LISTS}
        if lists.isdisjoint(flat):
            good.append(flat)
            rows.append(number)
            places.append(None)
            continue
        for place, one in _products(flat):
            good.append(one)
            rows.append(number)
            places.append(place)
    names = list(dict.fromkeys(chain.from_iterable(good)))
    return Rows(
        pl.DataFrame([_column(name, [r.get(name) for r in good]) for name in names]),
        pl.Series(rows, dtype=pl.Int64),
        pl.DataFrame(broken, schema=BROKEN_SCHEMA, orient="row"),
        place=pl.Series(places, dtype=pl.Int64),
    )


def _lines(content: bytes) -> list[tuple[int, bytes]]:
    lines = enumerate(content.split(b"\n"), start=1)
    return [(number, line) for number, line in lines if line.strip()]


def _is_one_value(content: bytes, lines: list[tuple[int, bytes]]) -> bool:
    """Return whether the first line alone is no record of several."""
    if not lines:
        return False
    if content.lstrip()[:1] == b"[":
        return len(lines) == 1 or not isinstance(load(lines[0][1]), list)
    return (
        content.lstrip()[:1] == b"{"
        and (not isinstance(load(lines[0][1]), dict) or len(lines) == 1)
        and load(content) is not BROKEN
    )


def _loaded(lines: list[tuple[int, bytes]]) -> Iterator[tuple[int, Any]]:
    for number, line in lines:
        found = load(line)
        yield number, line if found is BROKEN else found


def _whole(path: Path, content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        for read in (load, one_after_another):
            if (found := read(content)) not in (None, BROKEN):
                return found
        why = f"broken JSON: {error.msg} in line {error.lineno:,}"
        raise UnreadableFile(path, why) from error


def _records(found: dict[str, Any]) -> list[Any]:
    held = [name for name in HOLDERS if isinstance(found.get(name), list) and found[name]]
    alone = any(name in EVENT and name not in HOLDERS for name in found)
    return found[held[0]] if held and not alone else [found]


def _as_text(record: Any) -> str:
    if isinstance(record, bytes):
        return record.decode(errors="replace")
    return orjson.dumps(record).decode()


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            value = untyped(value)
        if isinstance(value, dict):
            flat.update({f"{name}.{inner}": untyped(deeper) for inner, deeper in value.items()})
        else:
            flat[name] = paid_back(value) if name == "refunds" and value else value
    if isinstance(device := flat.get(DEEPER), dict):
        del flat[DEEPER]
        flat.update({f"{DEEPER}.{inner}": said for inner, said in device.items()})
    return flat


def _products(record: dict[str, Any]) -> Iterator[tuple[int | None, dict[str, Any]]]:
    column = next((name for name, value in record.items() if _is_list(name, value)), None)
    if column is None:
        yield None, record
        return
    products = _listed(record.pop(column))
    # What the event says of a product is not said of each of several.
    of_all = {name: value for name, value in record.items() if not _is_of_product(name)}
    for place, product in enumerate(products):
        facts = product if isinstance(product, dict) else {"product_id": product}
        yield place, of_all | {f"{column}.{name}": untyped(value) for name, value in facts.items()}


def _is_list(name: str, value: Any) -> bool:
    return bool(value) and inner(name) in LISTS and bool(_listed(value))


def _listed(value: Any) -> list[Any]:
    """Return a list, or the one that a text is (JSON or Python); empty for anything else."""
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        text, value = value, load(value.encode())
        if value is BROKEN:
            with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
                value = literal_eval(text.strip())
    return value if isinstance(value, list) else []


def _is_of_product(name: str) -> bool:
    place = EVENT.place(inner(name))
    return place is not None and place.meaning in PRODUCT.table


@lru_cache(4_096)
def inner(name: str) -> str:
    """Return a name in one spelling, without the wrapper it stands in."""
    outer, _, inner = plain(name).partition(".")
    return inner if inner and outer in WRAPPERS else plain(name)


def _column(name: str, values: list[Any]) -> pl.Series:
    kinds = set(map(type, values)) - {type(None)}
    fits = int not in kinds or all(-(2**63) <= v < 2**63 for v in values if isinstance(v, int))
    if kinds <= {int} and fits:
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds <= {int, float} and fits:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    if kinds <= {str}:
        return pl.Series(name, values, dtype=pl.String)
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "|".join(value)
    return orjson.dumps(value).decode()
