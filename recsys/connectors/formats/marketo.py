"""Marketo: attributes are JSON in a cell; a merge names the leads that are no more."""

from __future__ import annotations

import polars as pl

MERGE = "32"


def frame(theirs: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the ids that a merge took in: one row for each."""
    column = "attributes" if "attributes" in theirs.columns else "primaryAttributeValue"
    # "Merge IDs": "[11, 12]", in whatever quotes a CSV left.
    ids = pl.col(column).str.extract(r"Merge IDs\W+([\d ,]+)").str.extract_all(r"\d+")
    merged = pl.when(pl.col("activityTypeId") == MERGE).then(ids)
    places = pl.int_ranges(0, pl.col("merged").list.len().cast(pl.Int64))
    some = pl.col("merged").list.len() > 0
    return (
        theirs.with_columns(merged=merged)
        .with_columns(pl.when(some).then(places).alias("\x00place"))
        .with_columns(merged=pl.when(some).then("merged"))
        .explode("merged", "\x00place")
    )
