"""Columns are found under the names that other tools give them."""

from __future__ import annotations

import pytest

from recsys.config import Columns
from training.errors import MissingColumn
from training.importing.columns import event_columns


@pytest.mark.parametrize(
    "header",
    [
        ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"],  # AWS Personalize
        ["FeedbackType", "UserId", "ItemId", "Value", "Timestamp"],  # Gorse
        ["messageId", "userId", "event", "timestamp", "properties.product_id"],  # Segment
        ["user_id", "event_type", "event_time", "event_properties.item_id"],  # Amplitude
    ],
)
def test_the_usual_exports_are_understood(header: list[str]) -> None:
    found = event_columns(header, Columns(), trait="country")
    assert {"user", "item", "at", "kind"} <= set(found.columns)


@pytest.mark.parametrize(
    "header",
    [
        ["Order Number", "Order Date", "Customer Email", "SKU", "Quantity", "Item Total"],
        ["ORDERNUMBER", "ORDERDATE", "CUSTOMER_NO", "PRODUCTCODE", "QUANTITYORDERED", "PRICEEACH"],
        ["basket_id", "transaction_timestamp", "household_id", "product_id", "qty", "sales_value"],
        ["Receipt ID", "Sale Date", "Client ID", "Item Code", "Qty", "Line Amount"],
    ],
)
def test_every_column_of_the_usual_order_files_is_used(header: list[str]) -> None:
    found = event_columns(header, Columns(), trait="country")
    assert found.ignored == ()
    assert {"order", "at", "item", "quantity"} <= set(found.columns)


def test_segment_names_everything_it_has() -> None:
    header = [
        "messageId", "anonymousId", "userId", "event", "timestamp", "properties.product_id",
        "properties.quantity", "properties.price", "properties.order_id", "traits.country", "type",
    ]  # fmt: skip
    found = event_columns(header, Columns(), trait="country")
    assert found.columns == {
        "user": ("userId",),
        "anonymous": ("anonymousId",),
        "item": ("properties.product_id",),
        "at": ("timestamp",),
        "kind": ("event",),
        "quantity": ("properties.quantity",),
        "price": ("properties.price",),
        "order": ("properties.order_id",),
        "trait": ("traits.country",),
        "event_id": ("messageId",),
        "call": ("type",),
    }
    assert found.ignored == ()


def test_a_configured_name_wins_over_a_recognised_one() -> None:
    header = ["user_id", "item_id", "timestamp", "visitor"]
    found = event_columns(header, Columns(user="visitor"), trait="country")
    assert found.columns["user"] == ("visitor",)
    assert found.ignored == ("user_id",)


@pytest.mark.parametrize("gone", ["user_id", "item_id", "timestamp"])
def test_a_missing_column_says_what_would_be_understood(gone: str) -> None:
    header = [name for name in ("user_id", "item_id", "timestamp") if name != gone]
    with pytest.raises(MissingColumn, match=gone):
        event_columns(header, Columns(), trait="country")


def test_a_configured_name_that_is_not_there_is_missing() -> None:
    with pytest.raises(MissingColumn, match="Gast"):
        event_columns(["user_id", "item_id", "at"], Columns(user="Gast"), trait="country")


def test_a_name_for_an_optional_column_counts_where_a_file_has_it() -> None:
    named = Columns(price="value")
    header = ["user_id", "item_id", "at"]
    assert event_columns([*header, "value", "price"], named, trait="country").columns["price"] == (
        "value",
    )
    assert event_columns([*header, "price"], named, trait="country").columns["price"] == ("price",)
    assert "price" not in event_columns(header, named, trait="country")


def test_a_log_of_messages_needs_no_items() -> None:
    found = event_columns(["user_id", "at", "kind", "channel", "ref"], Columns(), trait="country")
    assert "item" not in found


def test_a_shop_may_say_that_there_are_no_items() -> None:
    assert "item" not in event_columns(["user_id", "at"], Columns(item=""), trait="country")
