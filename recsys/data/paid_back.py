"""What a shop paid back of an order, as it lists its refunds."""

from __future__ import annotations

from typing import Any

_AMOUNTS = ("amount", "subtotal", "total")


def paid_back(refunds: list[Any]) -> Any:
    """Return the money of the refunds of an order: a shop's transactions, lines or totals.

    What is written otherwise stays as it is, so that it is no amount.
    """
    try:
        return sum(_amount(one) for each in refunds for one in _parts(each))
    except (KeyError, TypeError, ValueError, AttributeError):
        return refunds


def _parts(refund: dict[str, Any]) -> list[dict[str, Any]]:
    return refund.get("transactions") or refund.get("refund_line_items") or [refund]


def _amount(part: dict[str, Any]) -> float:
    return abs(float(next(part[name] for name in _AMOUNTS if part.get(name) is not None)))
