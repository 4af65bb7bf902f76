"""Tealium: products are lists side by side, and EventStore wraps what the page said."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

_LISTS = {
    "id": "product_id", "name": "product_name", "category": "product_category",
    "quantity": "product_quantity", "price": "product_price",
}  # fmt: skip


def record(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an event with its products as one list."""
    columns = [_listed(given.get(theirs)) for theirs in _LISTS.values()]
    products = [dict(zip(_LISTS, one, strict=True)) for one in zip_longest(*columns)]
    rest = {name: value for name, value in given.items() if name not in _LISTS.values()}
    return {**rest, "products": products}


def _listed(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
