"""Columns of a file as clean text, ids and numbers, and what is wrong with them."""

from __future__ import annotations

import polars as pl

from training.data_in.spellings import Found

MAX_ID_BYTES = 256
MISSING_IDS = ("", "nan", "null", "none", "n/a", "undefined")


def text_of(found: Found, meaning: str) -> pl.Expr:
    """Return a column as text without outer blanks; null where empty or not in the file."""
    if meaning not in found:
        return pl.lit(None, pl.String).alias(meaning)
    text = pl.col(found.columns[meaning][0]).cast(pl.String, strict=False).str.strip_chars()
    return pl.when(text != "").then(text).alias(meaning)


def id_of(frame: pl.DataFrame, found: Found, meaning: str) -> pl.Expr:
    """Return ids as text, from the first of their columns that is filled; null where none is.

    A column of whole numbers that some tool made floats reads ``17850``, not ``17850.0``.
    """
    spelled = [_ids(frame, name) for name in found.columns.get(meaning, ())]
    return pl.coalesce(spelled) if spelled else pl.lit(None, pl.String)


def no_id(name: str) -> pl.Expr:
    """Whether an id is missing, or a word that some tool wrote for a missing one."""
    return pl.col(name).is_null() | pl.col(name).str.to_lowercase().is_in(MISSING_IDS)


def bad_id(name: str) -> pl.Expr:
    """Whether an id is longer than ``MAX_ID_BYTES`` or holds a NUL."""
    column = pl.col(name)
    return (column.str.len_bytes() > MAX_ID_BYTES) | column.str.contains("\x00", literal=True)


def bad_number(name: str) -> pl.Expr:
    """Whether something was given that is not a finite number."""
    finite = pl.col(name).cast(pl.Float64, strict=False).is_finite().fill_null(value=False)
    return pl.col(name).is_not_null() & ~finite


def first_reason(rules: dict[str, pl.Expr]) -> pl.Expr:
    """Return the name of the first rule that a row breaks; null where it breaks none."""
    return pl.coalesce(
        pl.when(rule.fill_null(value=False)).then(pl.lit(name)) for name, rule in rules.items()
    )


def _ids(frame: pl.DataFrame, name: str) -> pl.Expr:
    column = pl.col(name)
    given = frame[name].drop_nulls()
    if frame.schema[name].is_float() and given.is_finite().all() and (given == given.round()).all():
        return column.cast(pl.Int64, strict=False).cast(pl.String)
    text = column.cast(pl.String, strict=False).str.strip_chars()
    if frame.schema[name] == pl.String and given.str.contains(r"^\d+\.0$").all():
        text = text.str.strip_suffix(".0")
    return pl.when(text != "").then(text)
