"""Cells of CSV files that a spreadsheet opens: text that would be a formula is made text again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row in which no text is a formula: an apostrophe goes before it. Numbers stay."""
    return {name: _safe(cell) for name, cell in row.items()}


def _safe(cell: Any) -> Any:
    if isinstance(cell, str) and cell.startswith(_BEGINS_A_FORMULA) and not _is_number(cell):
        return f"'{cell}"
    return cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.strip() == text
