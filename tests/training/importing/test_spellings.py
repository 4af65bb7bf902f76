"""What exports call their columns, in many languages."""

from __future__ import annotations

import pytest

from recsys.config import Columns
from training.importing.columns import event_columns
from training.importing.spellings import folded, further


@pytest.mark.parametrize(
    ("column", "meaning"),
    [
        ("Kunden-Nr.", "user"), ("id_customer", "user"), ("CUST_CODE", "user"),
        ("Contact email", "email"), ("adresse mail", "email"),
        ("line_items_product_number", "item"), ("NUMER OFERTY", "item"), ("商品コード", "item"),
        ("date_add", "at"), ("Datum objednávky", "at"), ("booked_at", "at"),
        ("ilość", "quantity"), ("units_sold", "quantity"), ("Line Item Quantity", "quantity"),
        ("price_usd", "price"), ("preço", "price"), ("Sale Price ($)", "price"),
        ("Line Total (EUR)", "total"), ("Umsatz", "total"),
        ("Order Reference/Status", "state"), ("fulfillment_status", "state"),
        ("Void?", "cancelled_at"), ("Währung", "currency"),
        ("original_order_id", "of_order"), ("items.sku", "item"),
    ],
)  # fmt: skip
def test_what_a_column_means(column: str, meaning: str) -> None:
    assert further([column]) == {meaning: (column,)}


@pytest.mark.parametrize(
    "column",
    ["Last order date", "seller.email", "return_date", "subscription_status", "category_code",
     "account_status", "expected delivery date", "referrer user id", "list_price", "app_id",
     "property_id", "Contact ID", "Ticket ID"],
)  # fmt: skip
def test_what_means_something_else(column: str) -> None:
    assert further([column]) == {}


def test_usual_names_win() -> None:
    header = ["Kundennummer", "user_id", "item_id", "Artikelnummer", "timestamp", "Bestelldatum"]
    found = event_columns(header, Columns(), trait="country")
    assert found.ignored == ("Kundennummer", "Artikelnummer", "Bestelldatum")


def test_beside_an_address_a_name_is_no_id() -> None:
    header = ["Customer", "Customer Email", "sku", "Order Date"]
    assert "user" not in event_columns(header, Columns(), trait="country")
    assert event_columns(header[:1] + header[2:], Columns(), trait="country").of("user")


def test_amount_is_money_beside_units() -> None:
    header = ["user_id", "item_id", "timestamp", "amount"]
    assert "total" not in event_columns(header, Columns(), trait="country")
    assert event_columns([*header, "qty"], Columns(), trait="country").of("total") == ("amount",)


def test_marks_and_blanks_do_not_matter() -> None:
    assert folded(" Źródło_Zamówień ") == "zrodlozamowien"
    assert folded("メールアドレス") == "メールアドレス"
