"""Columns of any make as plain Python values."""

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
