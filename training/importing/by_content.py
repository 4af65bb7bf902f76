"""What a column is, as its cells show it, where its name alone does not say."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from recsys.config import Config
from recsys.data.fields import plain
from recsys.data.kinds import meant
from training.importing.amounts import Amounts
from training.importing.cells import id_of
from training.importing.columns import FileColumns
from training.importing.spellings import further

_MOST_NAMES = 20
_SAMPLE = 10_000
_ENOUGH = 3
_MOSTLY = 0.95
_CENT = 0.005
_NO_DAY = 1e7
"""Days written as numbers, and times since 1970, are above."""


def by_content(found: FileColumns, frame: pl.DataFrame, config: Config) -> FileColumns:
    """Return the columns of a file of events, with those that their cells tell.

    The kind of event is in a column that is called as exports call it and names some kind, or has
    several names that all are of kinds. Where ``refunded`` holds amounts it is no flag.
    """
    columns = dict(found.columns)
    if "kind" not in found and (kind := _kind(found, frame, config)):
        columns["kind"] = (kind,)
    for name in found.of("cancelled_at"):
        if _is_amount(frame[name]):
            columns["cancelled_at"] = tuple(c for c in columns["cancelled_at"] if c != name)
            meaning = "refunded" if plain(name).startswith("refund") else "units_back"
            columns.setdefault(meaning, (name,))
    used = {name for names in columns.values() for name in names}
    return FileColumns(columns, tuple(name for name in found.ignored if name not in used))


def _kind(found: FileColumns, frame: pl.DataFrame, config: Config) -> str | None:
    called = further(found.ignored).get("kind", ())
    own = {name.lower(): kind for name, kind in config.data.names.items()}
    for column in (*called, *(name for name in found.ignored if name not in called)):
        names = _few_names(frame[column])
        kinds = [
            own.get(one.lower(), meant(one, "", tuple(config.kinds), has_item=True))
            for one in names
        ]
        if any(kinds) and (column in called or (None not in kinds and len(set(kinds)) > 1)):
            return column
    return None


def _few_names(column: pl.Series) -> list[str]:
    """Return the texts of a column; none where there are many, or it holds no text."""
    if column.dtype != pl.String or column.head(_SAMPLE).n_unique() > _MOST_NAMES:
        return []
    names = [name.strip() for name in column.drop_nulls().unique()]
    return [name for name in names if name] if len(names) <= _MOST_NAMES else []


def _is_amount(column: pl.Series) -> bool:
    """Return whether a column holds numbers, and not only whether, or when, something was."""
    text = column.cast(pl.String, strict=False).str.strip_chars()
    numbers, filled = text.cast(pl.Float64, strict=False), text.fill_null("") != ""
    if not filled.any() or int(numbers.is_not_null().sum()) < int(filled.sum()):
        return False
    return bool((~numbers.is_in([0.0, 1.0]) & (numbers < _NO_DAY)).any())


def money_by_content(amounts: Amounts, frame: pl.DataFrame, found: FileColumns) -> Amounts:
    """Return amounts whose prices are of one unit, and whose totals are of the line.

    A price that is the total also of several units is that of the line. A total that is the same in
    all lines of every order of several items is the order's: its lines share it by their units.
    """
    if not {"price", "quantity", "total"} - found.columns.keys():
        return _without_line_prices(amounts, found)
    if not {"order", "item", "total"} - found.columns.keys() and "price" not in found:
        return _shared(amounts, frame, found)
    return amounts


def _without_line_prices(amounts: Amounts, found: FileColumns) -> Amounts:
    price, total, units = (amounts.of[name] for name in ("price", "total", "quantity"))
    several = (units > 1) & (total > 0) & (price > 0)
    same = several & ((price - total).abs() < _CENT)
    rows = int(several.sum())
    if rows < _ENOUGH or int(same.sum()) < _MOSTLY * rows:
        return amounts
    said = found.of("price")[0], found.of("total")[0]
    note = f"{said[0]} is {said[1]} where there are several units: it is taken as of the line"
    return _with(amounts, note, price=pl.Series([None]).new_from_index(0, len(price)))


def _shared(amounts: Amounts, frame: pl.DataFrame, found: FileColumns) -> Amounts:
    column = found.of("total")[0]
    if any(word in plain(column) for word in ("line", "item", "product", "row")):
        return amounts
    lines = frame.select(
        id_of(frame, found, "order").alias("order"), id_of(frame, found, "item").alias("item")
    ).with_columns(amounts.of["total"].alias("total"), amounts.of["quantity"].alias("units"))
    by_order = lines.drop_nulls("order").group_by("order")
    orders = by_order.agg(pl.col("item", "total").n_unique(), worth=pl.col("total").first())
    several = orders.filter(pl.col("item") > 1)
    if not len(several) or (several["total"] > 1).any():
        return amounts
    if len(several) < _ENOUGH or several["worth"].n_unique() < _ENOUGH:
        note = (
            f"{column} is the same in all lines of an order: is it the order's? Then name no total"
        )
        return replace(amounts, notes=(*amounts.notes, note))
    units = pl.col("units").abs().fill_null(1.0)
    share = pl.when(pl.col("order").is_not_null()).then(units / units.sum().over("order"))
    total = lines.select((pl.col("total") * share.fill_null(1.0)).alias("total")).to_series()
    note = f"{column} is the same in all lines of every order: they share it by their units"
    return _with(amounts, note, total=total)


def _with(amounts: Amounts, note: str, **changed: pl.Series) -> Amounts:
    numbers = {name: one.cast(pl.Float64) for name, one in changed.items()}
    given = {name: one.is_not_null() for name, one in changed.items()}
    return replace(
        amounts,
        of={**amounts.of, **numbers},
        given={**amounts.given, **given},
        notes=(*amounts.notes, note),
    )
