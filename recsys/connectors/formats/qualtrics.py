"""Qualtrics: two rows below the header are labels, and a question of recommendation has a group."""

from __future__ import annotations

import polars as pl

_GROUP = "_NPS_GROUP"


def frame(theirs: pl.DataFrame) -> pl.DataFrame:
    """Return the responses without the rows of labels, with the answer that has a group as nps."""
    # Labels name what the column is; import ids are JSON.
    labels = pl.col("ResponseId").str.contains(r"^\{|^Response ID$").fill_null(value=False)
    answers = [name.removesuffix(_GROUP) for name in theirs.columns if name.endswith(_GROUP)]
    scores = [pl.col(name) for name in answers if name in theirs.columns]
    nps = pl.coalesce(scores) if scores else pl.lit(None, pl.String)
    return theirs.filter(~labels).with_columns(nps=nps)
