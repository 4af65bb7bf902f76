"""Stripe: amounts in the smallest unit of their currency, and what an event is of by its type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_OF_1 = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
     "XOF", "XPF"]
)  # fmt: skip
_OF_1000 = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


def record(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an event with its parts: lines of an invoice, a checkout, or what was paid back."""
    data: Mapping[str, Any] = given["data"]
    about: Mapping[str, Any] = data["object"]
    match given.get("type"):
        case "invoice.paid":
            parts = list(_lines(about))
        case "checkout.session.completed" | "checkout.session.async_payment_succeeded":
            parts = list(_checkout(about))
        case "charge.refunded":
            parts = [_paid_back(about, data.get("previous_attributes") or {})]
        case kind:
            parts = [{"call": kind}]
    return {**given, "parts": parts}


def _lines(invoice: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for line in (invoice.get("lines") or {}).get("data") or ():
        price = line.get("price") or (line.get("pricing") or {}).get("price_details") or {}
        off = [one.get("amount") for one in line.get("discount_amounts") or ()]
        yield {"call": "purchase", "id": line.get("id"), "order": invoice.get("id"),
               "item": price.get("product"), "title": line.get("description"),
               "quantity": line.get("quantity"),
               "total": _money(invoice, line.get("amount"), *off)}  # fmt: skip


def _checkout(session: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield who it was, and what was paid; what has an invoice is told by it."""
    if session.get("client_reference_id") and session.get("customer"):
        yield {"call": "identify"}
    paid = session.get("mode") == "payment" and session.get("payment_status") == "paid"
    if not paid or session.get("invoice"):
        yield {"call": "left_out"}
        return
    yield {"call": "purchase", "id": session.get("id"), "order": session.get("payment_intent"),
           "total": _money(session, session.get("amount_total"))}  # fmt: skip


def _paid_back(charge: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was paid back now: a charge says all that ever was."""
    whole = charge.get("amount_refunded")
    order = charge.get("invoice") or charge.get("payment_intent")
    return {"call": "return", "id": f"{charge.get('id')}:{whole}", "order": order,
            "total": _money(charge, whole, before.get("amount_refunded") or 0)}  # fmt: skip


def _money(about: Mapping[str, Any], amount: Any, *less: Any) -> Any:
    """Return an amount in whole units; what is no number stays as it is, so that it is refused."""
    currency = str(about.get("currency")).upper()
    if not all(isinstance(one, int) for one in (amount, *less)):
        return str(amount)
    units = 1 if currency in _OF_1 else 1000 if currency in _OF_1000 else 100
    return (amount - sum(less)) / units
