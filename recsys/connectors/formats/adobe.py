"""Adobe data feeds: an event list of numbers, a product list in a grammar of its own, ids in two.

A hit is one row for each of its products; without any it is one row.
"""

from __future__ import annotations

import polars as pl

_FIRST = ("1", "2", "12", "13")
_FIELDS = ("category", "id", "quantity", "total")


def frame(theirs: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each product of a hit, with the event that it is about."""
    events = (
        pl.col("post_event_list").str.split(",").list.eval(pl.element().str.split("=").list.first())
    )
    known = [pl.when(events.list.contains(one)).then(pl.lit(one)) for one in _FIRST]
    high, low = "post_visid_high", "post_visid_low"
    visitor = pl.format("{}_{}", high, low) if {high, low} <= set(theirs.columns) else pl.lit(None)
    products = pl.col("post_product_list").str.replace_all(r"\^[,;|^]", "_").str.split(",")
    # A product that was bought in four clicks may be named in each: the rows say so.
    return (
        theirs.with_columns(
            event=pl.coalesce(*known, pl.lit("none")),
            visitor=visitor.cast(pl.String),
            product=products.list.eval(pl.element().filter(pl.element() != "")),
        )
        .with_columns(_place(pl.col("product").list.len()).alias("\x00place"))
        .explode("product", "\x00place")
        .with_columns(
            pl.col("product").str.split(";").list.get(place, null_on_oob=True)
            .alias(f"product.{name}")
            for place, name in enumerate(_FIELDS)
        )
        .drop("product")
    )  # fmt: skip


def _place(count: pl.Expr) -> pl.Expr:
    some = pl.int_ranges(0, count.fill_null(0).cast(pl.Int64))
    return pl.when(count > 0).then(some).otherwise(pl.lit([None], pl.List(pl.Int64)))
