"""What a row says that is not paid, or paid back, taken off its money."""

from __future__ import annotations

import polars as pl

from recsys.data.kinds import PURCHASE, RETURN, VOID
from recsys.data.netting import NEARLY_NOTHING

DISCOUNTS = ("discount", "line_discount", "promotion")
REFUNDS = ("refunded", "line_refunded", "units_back")
LESS = (*DISCOUNTS, *REFUNDS)
"""Columns of amounts that make a row worth less than its price times its units."""


def less_discounts(frame: pl.DataFrame) -> pl.DataFrame:
    """Take discounts off what rows cost: of a line off it, of an order in equal shares.

    Only off prices of units: the money of a whole line is what was paid, but for a `promotion`.

    Parameters
    ----------
    frame : DataFrame
        ``kind``, ``value``, ``priced``, ``together``, the same in all lines of an order, and
        ``DISCOUNTS``, null where nothing is said.
    """
    if not _any(frame, DISCOUNTS):
        return frame
    worth = pl.when(pl.col("kind").is_in([PURCHASE, RETURN, VOID])).then("value")
    off = _amount("promotion") + pl.when("priced").then(_amount("line_discount")).otherwise(0.0)
    whole = pl.when("priced").then(_amount("discount")).otherwise(0.0)
    if discount_is_of_lines(frame):
        off, whole = pl.max_horizontal(off, whole), pl.lit(0.0)
    else:
        # That of an order holds those of its lines.
        whole = (_of_order(whole, "max") - _of_order(off, "sum")).clip(0)
    left = _share(off, worth) * _share(whole, _of_order(worth - off, "sum"))
    value = pl.when(worth.is_not_null()).then(pl.col("value") * left).otherwise("value")
    return frame.with_columns(value=value)


def discount_is_of_lines(frame: pl.DataFrame) -> bool:
    """Return whether the discounts beside lines are theirs: in some order they differ."""
    said = frame.filter(pl.col("discount").is_not_null())
    several = said.group_by("together").agg(pl.col("discount").n_unique())["discount"]
    return bool((several > 1).any())


def less_refunds(frame: pl.DataFrame) -> pl.DataFrame:
    """Take what was paid back off the lines, ``paid_back`` where some was; none left is void.

    `refunded` is of the whole order, in the first or in all of its lines, and taken off them in
    equal shares; `line_refunded` and `units_back` are of the line.
    """
    if not _any(frame, REFUNDS):
        return frame.with_columns(paid_back=pl.lit(value=False))
    bought = (pl.col("kind") == PURCHASE).fill_null(value=False)
    worth = pl.when(bought).then("value")
    units = _share(_amount("units_back"), pl.col("quantity"))
    left = pl.min_horizontal(
        _share(_of_order(_amount("refunded"), "max"), _of_order(worth, "sum")),
        _share(_amount("line_refunded"), worth),
        units,
    )
    some, gone = bought & (left < 1), bought & (left <= NEARLY_NOTHING)
    return frame.with_columns(
        value=pl.when(some).then(pl.col("value") * left).otherwise("value"),
        quantity=pl.when(some & ~gone & (units > 0))
        .then(pl.col("quantity") * units)
        .otherwise("quantity"),
        paid_back=some & ~gone,
        **{
            name: pl.when(gone).then(pl.lit(VOID)).otherwise(name) for name in ("kind", "kind_said")
        },
    )


def _any(frame: pl.DataFrame, names: tuple[str, ...]) -> bool:
    return any((frame[name] != 0).any() for name in names)


def _amount(name: str) -> pl.Expr:
    return pl.col(name).abs().fill_nan(None).fill_null(0.0)


def _of_order(amount: pl.Expr, how: str) -> pl.Expr:
    """Return the greatest amount of the lines of an order, or their sum."""
    return (amount.max() if how == "max" else amount.sum()).over("together")


def _share(off: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Return what share of an amount is left; all of it where there is none."""
    return (1 - off / whole).clip(0, 1).fill_nan(None).fill_null(1.0)
