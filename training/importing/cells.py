"""Cells of a file as clean text and ids, and what is wrong with them."""

from __future__ import annotations

import polars as pl

from recsys.data.ids import APOSTROPHE, DECIMAL, LOST, MAX_ID_LENGTH, NOBODY, UNSEEN, WHOLE
from training.importing.columns import FileColumns


def text_of(found: FileColumns, *meanings: str) -> pl.Expr:
    """Return text without outer blanks, from the first column that is filled; else null."""
    filled = [pl.when(text_in(name) != "").then(text_in(name)) for name in found.of(*meanings)]
    return (pl.coalesce(filled) if filled else pl.lit(None, pl.String)).alias(meanings[0])


def text_in(column: str) -> pl.Expr:
    """Return what one column says, as text without outer blanks."""
    return pl.col(column).cast(pl.String, strict=False).str.strip_chars()


def id_of(frame: pl.DataFrame, found: FileColumns, *meanings: str) -> pl.Expr:
    """Return ids as text, from the first of their columns that is filled; null where none is.

    A column of whole numbers that some tool made floats reads ``17850``, not ``17850.0``.
    """
    spelled = [ids_of(frame, name) for name in found.of(*meanings)]
    return pl.coalesce(spelled) if spelled else pl.lit(None, pl.String)


def no_id(name: str) -> pl.Expr:
    """Whether an id is missing; words that tools write for a missing one are none already."""
    return pl.col(name).is_null()


def bad_id(name: str) -> pl.Expr:
    """Whether an id is too long, holds a NUL or a broken character, or lost digits."""
    column = pl.col(name)
    broken = column.str.contains_any(["\x00", "\ufffd"]) | column.str.contains(LOST)
    return (column.str.len_chars() > MAX_ID_LENGTH) | broken


def bad_number(name: str) -> pl.Expr:
    """Whether something was given that is not a finite number."""
    finite = pl.col(name).cast(pl.Float64, strict=False).is_finite().fill_null(value=False)
    return pl.col(name).is_not_null() & ~finite


def first_reason(rules: dict[str, pl.Expr]) -> pl.Expr:
    """Return the name of the first rule that a row breaks; null where it breaks none."""
    return pl.coalesce(
        pl.when(rule.fill_null(value=False)).then(pl.lit(name)) for name, rule in rules.items()
    )


def ids_of(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Return ids by the rule of :func:`recsys.data.ids.identifier`, for a whole column."""
    column, dtype = pl.col(name), frame.schema[name]
    if dtype.is_integer():
        return column.cast(pl.String)
    if dtype.is_float():
        given = frame[name].filter(frame[name].is_finite())
        if (given == given.round()).all():
            exact = pl.when(column.abs() < 2**53).then(column)
            return exact.cast(pl.Int64, strict=False).cast(pl.String)
    text = column.cast(pl.String, strict=False).str.strip_chars()
    if dtype == pl.String and _is_not_ascii(frame[name]):
        text = text.str.strip_chars(UNSEEN).str.strip_chars()
    if dtype == pl.String and frame[name].str.starts_with("'").any():
        text = text.str.replace(APOSTROPHE, "$1")
    if dtype == pl.String and _has_whole_decimals_only(frame[name]):
        text = text.str.replace(WHOLE, "$1")
    return pl.when(~text.str.to_lowercase().is_in(sorted(NOBODY))).then(text)


def _is_not_ascii(column: pl.Series) -> bool:
    return bool(column.str.len_bytes().sum() != column.str.len_chars().sum())


def _has_whole_decimals_only(column: pl.Series) -> bool:
    dotted = column.filter(column.str.contains(".", literal=True))
    decimals = dotted.filter(dotted.str.contains(DECIMAL))
    return len(decimals) > 0 and bool(decimals.str.contains(WHOLE).all())
