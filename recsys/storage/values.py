"""Columns of any make as plain Python values, and rows told apart by their key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast


def plain(column: Any) -> Sequence[Any]:
    """Return a column of NumPy or polars as Python values; any other sequence as it is."""
    for method in ("tolist", "to_list"):
        if hasattr(column, method):
            found: Sequence[Any] = getattr(column, method)()
            return found
    return cast("Sequence[Any]", column)


def first_of(new: set[Any], rows: Sequence[Sequence[Any]]) -> list[bool]:
    """Return which rows are the first with a key, their first value, that is among the `new`."""
    left = set(new)
    told = []
    for key, *_ in rows:
        told.append(key in left)
        left.discard(key)
    return told
