"""Orders of shops, told whole each time: what was bought, what was paid back, and that it is void.

Each part has an id of its own, so that an order that is told again, or before an older state of
it, adds only what is new. A void order tells nothing else: all of it is taken back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from recsys.data.order_states import is_void

Order = Mapping[str, Any]


def shopify(order: Order) -> Order:
    """Return an order of Shopify as parts."""
    if order.get("cancelled_at") or order.get("financial_status") == "voided":
        at = order.get("cancelled_at") or order.get("updated_at")
        return {**order, "parts": [_void(order, at)]}
    lines = [_line(order, line, _after_discounts(line)) for line in _listed(order, "line_items")]
    back = [part for refund in _listed(order, "refunds") for part in _shopify_back(refund)]
    return {**order, "parts": [*lines, *back]}


def woocommerce(order: Order) -> Order:
    """Return an order of WooCommerce as parts, without a customer where that is 0: a guest."""
    at, known = order.get("date_modified_gmt"), {**order}
    known["customer_id"] = order.get("customer_id") or None
    if is_void(str(order.get("status"))):
        return {**known, "parts": [_void(order, at)]}
    lines = [_line(order, line, line.get("total")) for line in _listed(order, "line_items")]
    back = [_money_back(one, _positive(one.get("total")), at) for one in _listed(order, "refunds")]
    return {**known, "parts": [*lines, *back]}


def customer(given: Order) -> Order:
    """Return a customer of Shopify as parts: each consent has a time of its own."""
    parts: list[Order] = [{"call": "identify", "at": given.get("updated_at")}]
    for channel in ("email", "sms"):
        said = given.get(f"{channel}_marketing_consent")
        if isinstance(said, dict) and said.get("consent_updated_at"):
            at, state = said["consent_updated_at"], said.get("state")
            parts.append({"call": "identify", "at": at, channel: state})
    return {**given, "parts": parts}


def _void(order: Order, at: Any) -> Order:
    return {"call": "void", "id": f"{order.get('id')}:void", "at": at}


def _line(order: Order, line: Order, total: Any) -> Order:
    at = order.get("created_at") or order.get("date_created_gmt")
    return {**_product(line), "call": "purchase", "id": f"line:{line.get('id')}", "at": at,
            "quantity": line.get("quantity"), "total": total}  # fmt: skip


def _product(line: Order) -> Order:
    return {"item": line.get("product_id") or line.get("sku"), "title": line.get("name")}


def _shopify_back(refund: Order) -> Iterator[Order]:
    at, lines = refund.get("created_at"), _listed(refund, "refund_line_items")
    for one in lines:
        of = one.get("line_item") or {}
        yield {**_product(of), "call": "return", "id": f"refund:{one.get('id')}", "at": at,
               "quantity": one.get("quantity"), "total": one.get("subtotal")}  # fmt: skip
    # Without a line it is money off the order, but for what was paid back of its shipping.
    shipping = any(a.get("kind") == "shipping_refund" for a in _listed(refund, "order_adjustments"))
    if not lines and not shipping:
        paid = [one for one in _listed(refund, "transactions") if one.get("status") == "success"]
        yield from (_money_back(one, one.get("amount"), at) for one in paid)


def _money_back(refund: Order, total: Any, at: Any) -> Order:
    return {"call": "return", "id": f"refund:{refund.get('id')}", "at": at, "total": total}


def _after_discounts(line: Order) -> Any:
    """Return the money of a line; what is no number stays as it is, so that it is refused."""
    try:
        off = sum(float(one["amount"]) for one in _listed(line, "discount_allocations"))
        return round(float(line["price"]) * float(line["quantity"]) - off, 6)
    except (KeyError, TypeError, ValueError):
        return str(line.get("price"))


def _positive(money: Any) -> Any:
    return money.removeprefix("-") if isinstance(money, str) else money


def _listed(given: Order, name: str) -> list[dict[str, Any]]:
    found = given.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
