"""Calls of shops and of those who take payments, made up, in their formats."""

from __future__ import annotations

from typing import Any

from tests.recsys.connectors.samples import ADDRESS, Sample, lines

GID = "gid://shopify/Order/1"


def shopify_order(order: int = 1, **more: Any) -> dict[str, Any]:
    """Return an order of two lines, 17.00 and 30.00 after discounts."""
    return {
        "id": order, "admin_graphql_api_id": GID, "email": ADDRESS, "order_number": 1000 + order,
        "created_at": "2023-10-01T09:50:26+02:00", "updated_at": "2023-10-01T09:50:26+02:00",
        "currency": "EUR", "financial_status": "paid", "cancelled_at": None, "test": False,
        "total_discounts": "3.00", "customer": {"id": 77, "email": ADDRESS}, "refunds": [],
        "line_items": [
            {"id": order * 10 + 1, "product_id": 11, "name": "Lamp", "quantity": 1,
             "price": "20.00", "discount_allocations": [{"amount": "3.00"}]},
            {"id": order * 10 + 2, "product_id": 12, "name": "Bulb", "quantity": 3,
             "price": "10.00", "discount_allocations": []},
        ], **more,
    }  # fmt: skip


def shopify_refund(refund: int = 5, line: int = 12, quantity: int = 1) -> dict[str, Any]:
    of = {"id": line, "product_id": 12, "name": "Bulb"}
    part = {"id": refund * 10, "line_item_id": line, "quantity": quantity,
            "subtotal": 10.0 * quantity, "line_item": of}  # fmt: skip
    return {"id": refund, "order_id": 1, "created_at": "2023-10-03T10:00:00+02:00", "user_id": 799,
            "admin_graphql_api_id": "gid://shopify/Refund/5", "refund_line_items": [part],
            "transactions": [{"id": 9, "amount": "10.00", "status": "success"}]}  # fmt: skip


def shopify_customer(who: Any = 77, state: str = "subscribed", **more: Any) -> dict[str, Any]:
    consent = {"state": state, "consent_updated_at": "2023-10-01T00:00:00Z"}
    return {
        "id": who, "email": ADDRESS if who else None, "updated_at": "2023-10-02T00:00:00Z",
        "admin_graphql_api_id": "gid://shopify/Customer/77", "tax_exempt": False,
        "default_address": {"country": "Norway"}, "email_marketing_consent": consent, **more,
    }  # fmt: skip


def woo_order(order: int = 1, status: str = "processing", **more: Any) -> dict[str, Any]:
    return {
        "id": order, "order_key": "wc_order_x", "status": status, "currency": "EUR",
        "date_created_gmt": "2023-10-01T07:50:26", "date_modified_gmt": "2023-10-02T07:50:26",
        "customer_id": 77, "billing": {"email": ADDRESS, "country": "NO"}, "refunds": [],
        "line_items": [
            {"id": order * 10 + 1, "product_id": 11, "name": "Lamp", "quantity": 1,
             "subtotal": "20.00", "total": "17.00", "price": 17.0},
            {"id": order * 10 + 2, "product_id": 12, "name": "Bulb", "quantity": 3,
             "subtotal": "30.00", "total": "30.00", "price": 10.0},
        ], **more,
    }  # fmt: skip


def stripe_event(kind: str, about: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "evt_1", "object": "event", "api_version": "2023-10-16", "created": 1_696_118_400,
        "livemode": True, "type": kind, "data": {"object": about}, **more,
    }  # fmt: skip


def invoice(who: str | None = "cus_1", amount: Any = 1_250, line: str = "il_1") -> dict[str, Any]:
    lines = [{"id": line, "amount": amount, "quantity": 1, "description": "Tea, monthly",
              "price": {"product": "prod_1"}, "discount_amounts": [{"amount": 250}]}]  # fmt: skip
    return {"id": "in_1", "object": "invoice", "customer": who, "currency": "eur",
            "customer_email": ADDRESS if who else None, "lines": {"data": lines}}  # fmt: skip


def checkout(**more: Any) -> dict[str, Any]:
    return {
        "id": "cs_1", "object": "checkout.session", "customer": "cus_1", "currency": "eur",
        "client_reference_id": "u1", "mode": "payment", "payment_status": "paid", "invoice": None,
        "amount_total": 1_500, "payment_intent": "pi_1", **more,
    }  # fmt: skip


def charge(refunded: int = 500, before: int = 0, who: str | None = "cus_1") -> dict[str, Any]:
    about = {"id": "ch_1", "object": "charge", "customer": who, "currency": "eur", "amount": 1_000,
             "amount_refunded": refunded, "payment_intent": "pi_9", "invoice": "in_1"}  # fmt: skip
    data = {"object": about, "previous_attributes": {"amount_refunded": before}}
    return stripe_event("charge.refunded", about) | {"data": data}


_NOBODY = {"email": None, "customer": None}

SHOPS = (
    Sample(
        "shopify.orders",
        "shopify.jsonl",
        lines(
            shopify_order(1, refunds=[shopify_refund()]),
            shopify_order(2, cancelled_at="2023-10-02T00:00:00Z"),
            shopify_order(3, test=True),
            shopify_order(4, **_NOBODY),
            shopify_order(5, created_at="soon"),
            shopify_order(6, line_items=[{"id": 61, "product_id": 11, "quantity": 1,
                                          "price": "dear"}]),
        ),
        {"purchase": 2, "return": 1, "void": 1},
        {"left_out": 2, "no_user": 2, "bad_time": 2, "bad_price": 1},
    ),
    Sample(
        "shopify.refunds",
        "refunds.jsonl",
        lines(shopify_refund()),
        aside={"left_out": 1},
    ),
    Sample(
        "shopify.customers",
        "customers.jsonl",
        lines(
            shopify_customer(), shopify_customer(78, "unsubscribed", email="bo@x.example"),
            shopify_customer(None, email_marketing_consent=None),
            shopify_customer(79, "redacted", updated_at="soon", email="cy@x.example"),
        ),
        aside={"no_user": 1, "bad_time": 1},
        people=5,
        consents=2,
    ),
    Sample(
        "woocommerce.orders",
        "woo.jsonl",
        lines(
            woo_order(1, refunds=[{"id": 5, "reason": "", "total": "-10.00"}]),
            woo_order(2, "cancelled"),
            woo_order(3, "on-hold"),
            woo_order(4, customer_id=0, billing={"email": ""}),
            woo_order(5, date_created_gmt="soon"),
            woo_order(6, customer_id=0),
        ),
        {"purchase": 4, "return": 1, "void": 1},
        {"left_out": 2, "no_user": 2, "bad_time": 2},
    ),
    Sample(
        "woocommerce.customers",
        "woo_customers.jsonl",
        lines(
            {"id": 77, "email": ADDRESS, "is_paying_customer": True,
             "date_modified_gmt": "2023-10-01T00:00:00", "billing": {"country": "NO"}},
        ),
        people=1,
    ),
    Sample(
        "stripe.events",
        "stripe.jsonl",
        lines(
            stripe_event("invoice.paid", invoice()),
            stripe_event("checkout.session.completed", checkout()),
            stripe_event("checkout.session.completed", checkout(mode="subscription", id="cs_2")),
            charge(),
            stripe_event("invoice.paid", invoice(), livemode=False),
            stripe_event("invoice.paid", invoice(None, line="il_2")),
            stripe_event("invoice.paid", invoice(line="il_3"), created="soon"),
            stripe_event("payment_intent.created", {"object": "payment_intent", "customer": "c"}),
        ),
        {"purchase": 2, "return": 1},
        {"unused_event": 1, "left_out": 1, "no_user": 1, "bad_time": 1, "unknown_kind": 1},
        people=2,
        unknown=1,
    ),
)  # fmt: skip
