"""On what occasion the rows of a file happened: device and placement, as events keep them."""

from __future__ import annotations

import polars as pl

from recsys.occasions import DEVICE, MOST_CHARACTERS, PLACEMENT
from training.data_in.fields import text_of
from training.data_in.spellings import Found


def properties(found: Found) -> pl.Expr:
    """Return the properties of each event, a JSON object as text; null where it says neither."""
    said = [
        text_of(found, name).str.to_lowercase().str.slice(0, MOST_CHARACTERS).alias(name)
        for name in (DEVICE, PLACEMENT)
        if name in found
    ]
    if not said:
        return pl.lit(None, pl.String).alias("properties")
    some = pl.any_horizontal(each.is_not_null() for each in said)
    return pl.when(some).then(pl.struct(said).struct.json_encode()).alias("properties")
