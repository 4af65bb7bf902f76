"""How the fields of an event are called: one table, for files and for requests.

A name is read in any case and whatever its punctuation (``userId``, ``USER_ID``, ``User ID``), at
the top of a record or inside one of ``WRAPPERS``. Each name has one meaning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

WRAPPERS = frozenset({"properties", "eventproperties", "ecommerce"})
"""Objects whose fields are as good as those of the record, where it does not say them itself."""

LISTS = frozenset({"products", "items", "lineitems", "orderitems"})
"""Lists of the products of one event, each with fields of its own: ``PRODUCT``."""

OF_THE_ORDER = ("order", "recommendation", "device", "placement", "context", "currency")
"""What an event says of all its products, whatever a product says of itself."""

MOST_CHARACTERS = 64
"""Longer names are nobody's: they are not kept in mind."""

_NAMES = 4_096
_WRAPPED = "wrapped"

Said = Mapping[str, Any]
"""What a record says, by meaning."""


# RecBole's files say the type of a column in its name.
_UNSAID = re.compile(r":(token|float)(_seq)?$|[^\w.]|_")


class Place(NamedTuple):
    """What a name means, and how early it counts among the names of that meaning (0: first)."""

    meaning: str
    rank: int


def plain(name: str) -> str:
    """Return a name in one spelling: lower case, letters and digits; dots part what is nested."""
    return re.sub(_UNSAID, "", name.lower())


class Names:
    """What each meaning is called.

    Parameters
    ----------
    table : mapping of str to sequence of str
        The names of each meaning, the one that wins first.
    """

    def __init__(self, table: Mapping[str, Sequence[str]]) -> None:
        self.table = table
        self._places = {
            plain(name): Place(meaning, rank)
            for meaning, names in table.items()
            for rank, name in enumerate(names)
        } | {name: Place(_WRAPPED, 0) for name in WRAPPERS}
        self.place: Callable[[str], Place | None] = lru_cache(_NAMES)(self._place)

    def __contains__(self, name: str) -> bool:
        """Whether a name has a meaning."""
        return self.place(name) is not None

    def said(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a record says, by meaning; what is null or empty says nothing.

        What the record says itself wins over what one of ``WRAPPERS`` says by the same name.
        """
        found: dict[str, Any] = {}
        ranks: dict[str, int] = {}
        levels = [record]
        for level in levels:
            for name, value in level.items():
                place = self.place(name) if len(name) <= MOST_CHARACTERS else None
                if place is None or value is None or value == "":
                    continue
                meaning, rank = place
                if meaning == _WRAPPED:
                    if level is record and isinstance(value, dict):
                        levels.append(value)
                elif rank < ranks.get(meaning, _NAMES):
                    found[meaning], ranks[meaning] = value, rank
        return found

    def _place(self, name: str) -> Place | None:
        return self._places.get(plain(name))


CLOCKS = ("time_of_day", "order_time", "transaction_time", "purchase_time", "invoice_time",
          "sale_time")  # fmt: skip
"""What the time of the day is called that stands beside its date; also just ``time``."""

EVENT = Names(
    {
        "call": ("type",),
        "user": ("user_id", "user", "customer_unique_id", "customer_id", "visitor_id", "member_id",
                 "buyer_id", "shopper_id", "distinct_id", "user.id", "customer.id", "customer_no",
                 "customer_number", "client_id", "household_id", "household_key", "subscriber_id",
                 "account_id", "reviewer_id", "buyer", "customer_user", "buyer_username"),
        "anonymous": ("anonymous_id", "user_pseudo_id", "device_id"),
        "email": ("email", "email_address", "customer_email", "billing_email", "buyer_email",
                  "from_email_address"),
        "previous": ("previous_id",),
        "proof": ("user_hash",),
        "item": ("item_id", "item", "product_id", "sku", "article_id", "movie_id", "stock_code",
                 "lineitem_sku", "product_sku", "variant_sku", "product_code", "item_code",
                 "item_no", "asin", "item_number", "listing_id", "business_id", "book_id"),
        "at": ("timestamp", "at", "event_time", "client_event_time", "time", "datetime",
               "event_timestamp", "original_timestamp", "created_at", "order_date", "invoice_date",
               "transaction_date", "t_dat", "transaction_timestamp", "order_purchase_timestamp",
               "purchase_date", "sale_date", "event_date", "date_created", "unix_review_time",
               "collector_tstamp", "date", "created_utc", "created_date_utc", *CLOCKS),
        "sent": ("sent_at",),
        "received": ("received_at",),
        "kind": ("event", "kind", "event_type", "event_name", "feedback_type"),
        "quantity": ("quantity", "item_quantity", "lineitem_quantity", "qty", "quantity_ordered",
                     "qty_ordered", "quantity_purchased", "product_quantity", "product_qty",
                     "item_qty"),
        "units_back": ("qty_refunded", "quantity_refunded", "refunded_quantity",
                       "quantity_returned", "qty_returned", "returned_quantity"),
        "price": ("price", "unit_price", "item_price", "lineitem_price", "price_each",
                  "base_price", "product_price", "product_unit_price", "item_cost"),
        "total": ("line_total", "item_total", "row_total", "line_amount", "sales_value", "value",
                  "product_total_price", "order_line_total", "net_sales", "total", "revenue"),
        "order": ("order_id", "transaction_id", "invoice", "invoice_no", "order_number", "order_no",
                  "invoice_number", "basket_id", "receipt_id", "increment_id"),
        "line_discount": ("lineitem_discount", "line_discount", "item_discount",
                          "item_discount_amount"),
        "promotion": ("item_promotion_discount",),
        "discount": ("discount_amount", "total_discount", "total_discounts", "order_discount"),
        "rating": ("rating", "stars", "overall"),
        "line_refunded": ("item_refunded", "line_refunded", "lineitem_refunded"),
        "refunded": ("refunded_amount", "amount_refunded", "refund_amount", "total_refunded",
                     "refunds"),
        "currency": ("currency", "currency_code", "order_currency"),
        "state": ("order_status", "financial_status", "payment_status", "status", "state"),
        "cancelled_at": ("cancelled_at", "canceled_at", "cancelled", "canceled", "is_cancelled",
                         "is_canceled", "cancel_date", "cancellation_date", "is_refunded",
                         "is_returned"),
        "test": ("test", "is_test", "test_order", "is_test_order"),
        "title": ("title", "product_name", "item_name", "lineitem_name"),
        "category": ("category", "categories"),
        "device": ("device", "device_type", "context.device.type"),
        "placement": ("placement",),
        "event_id": ("message_id", "event_id", "insert_id", "uuid", "sg_event_id"),
        "channel": ("channel",),
        "ref": ("ref", "message_ref", "decision_id"),
        "mail": ("email_id", "sg_message_id"),
        "pscore": ("pscore",),
        "simulated": ("simulated",),
        "machine": ("machine", "bot", "is_bot"),
        "agent": ("context.user_agent",),
        "recommendation": ("recommendation_id",),
        "rank": ("rank",),
        "products": sorted(LISTS, key=("products", "lineitems", "orderitems", "items").index),
        "context": ("context",),
        "traits": ("traits",),
        "timezone": ("context.timezone", "traits.timezone", "user_properties.timezone"),
    }
)  # fmt: skip
"""The fields of an event."""

_OF_LINES = (
    "quantity", "units_back", "price", "total", "line_discount", "line_refunded", "currency",
)  # fmt: skip

PRODUCT = Names(
    {
        "item": (*EVENT.table["item"][:4], "id", *EVENT.table["item"][4:]),
        "title": (*EVENT.table["title"], "name"),
        "category": (*EVENT.table["category"], "item_category"),
        **{name: EVENT.table[name] for name in _OF_LINES},
    }
)
"""The fields of one product in a list, or beside a ``product_id``."""


def products(given: object) -> list[Said]:
    """Return what is said of each product in a list; empty where there is no list.

    A product that is a bare text or number is its id; the list may be the text of a JSON list.

    Raises
    ------
    ValueError
        It is something else, and what.
    """
    if given is None or given in ("", []):
        return []
    if isinstance(given, str):
        given = json.loads(given) if given.lstrip()[:1] == "[" else given
    if not isinstance(given, list):
        raise ValueError(f"products is {given!r:.80}")  # noqa: TRY004 - as broken JSON is
    return [_product(place, one) for place, one in enumerate(given)]


def _product(place: int, given: object) -> Said:
    if isinstance(given, dict):
        return PRODUCT.said(given)
    if isinstance(given, (str, int)) and not isinstance(given, bool) and given != "":
        return {"item": given}
    raise ValueError(f"products[{place}] is {given!r:.80}")
