"""Feeds and exports of products: what can be had, at which price, and under which title."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recsys.errors import UnreadableFile
from recsys.storage.database.sqlite import SqliteDatabase
from recsys.storage.users.profiles import ItemFacts, Profiles
from tests.training.importing.files import NOW, configured, written
from training.errors import UnclearColumn
from training.importing.items import import_items
from training.importing.profiles import ProfileReport

GOOGLE = (
    "id\ttitle\tdescription\tavailability\tprice\tsale_price\titem_group_id\tproduct_type\t"
    "google_product_category\tlink\timage_link\tbrand\n"
)
SHOPIFY = (
    "Handle,Title,Vendor,Type,Status,Published,Option1 Value,Variant SKU,Variant Price,"
    "Variant Inventory Qty,Variant Inventory Policy,Variant Inventory Tracker,Image Src\n"
)
RSS = """<?xml version="1.0" encoding="{encoding}"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
<item><g:id>7</g:id><title><![CDATA[Tée & pot]]></title><link>/7</link>
<g:price>1.250,00 EUR</g:price><g:availability>in_stock</g:availability>
<g:shipping><g:country>DE</g:country><g:price>4,00 EUR</g:price></g:shipping></item>
<item><g:id>8</g:id><title>Cup</title><g:price>2,50 EUR</g:price>
<g:availability>out_of_stock</g:availability></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
<title>Shop</title><id>tag:shop</id><entry><id>tag:shop,1</id><g:id>7</g:id>
<title>Tea</title><link href="/7"/><g:price>2.50 EUR</g:price></entry></feed>"""
OFFERS = """<shop><offers><offer id="7" available="false"><name>Tea</name>
<price>2.50</price></offer></offers></shop>"""


@pytest.fixture
def profiles(tmp_path: Path) -> Iterator[Profiles]:
    database = SqliteDatabase(tmp_path / "store.db")
    yield Profiles(database)
    database.close()


def imported(
    profiles: Profiles, folder: Path, text: str, name: str = "items.tsv", **data: Any
) -> tuple[ProfileReport, dict[str, ItemFacts]]:
    file = written(folder, text, name)
    report = import_items(file, configured(folder, **data), profiles, now=NOW)
    assert report.rows == report.written + sum(report.quarantined.values())
    return report, profiles.items()


@pytest.mark.parametrize(
    ("word", "available"),
    [
        ("in stock", True), ("in_stock", True), ("In Stock", True), ("preorder", True),
        ("backorder", True), ("https://schema.org/InStock", True), ("limited availability", True),
        ("12", True), ("yes", True), ("out of stock", False), ("out_of_stock", False),
        ("OutOfStock", False), ("http://schema.org/SoldOut", False), ("discontinued", False),
        ("0", False), ("-3", False), ("no", False),
    ],
)  # fmt: skip
def test_words_for_what_can_be_had(
    profiles: Profiles, tmp_path: Path, word: str, available: bool
) -> None:
    _, items = imported(profiles, tmp_path, f"{GOOGLE}tea\tTea\t\t{word}\t15.00 EUR\n")
    assert items["tea"].available is available


def test_a_word_that_says_neither_is_put_aside(profiles: Profiles, tmp_path: Path) -> None:
    report, items = imported(profiles, tmp_path, f"{GOOGLE}tea\tTea\t\tperhaps\t1.00 EUR\n")
    assert (report.quarantined, items) == ({"bad_available": 1}, {})


def test_a_feed_for_merchants_is_read_as_it_is(profiles: Profiles, tmp_path: Path) -> None:
    text = (
        f"{GOOGLE}lamp-r\tLamp\tlong\tin_stock\t15.00 EUR\t12.00 EUR\tlamp\tHome > Lamps\t594\t/l"
        "\t/l.jpg\tAcme\nlamp-b\t\t\tout of stock\t15.00 EUR\t\tlamp\t\t594\t/b\t\tAcme\n"
    )
    report, items = imported(profiles, tmp_path, text)
    red, blue = items["lamp-r"], items["lamp-b"]
    assert (red.title, red.price, red.available) == ("Lamp", 12, True)
    assert (red.category, red.url, red.image_url) == ("Home > Lamps", "/l", "/l.jpg")
    assert (blue.title, blue.price, blue.available) == ("Lamp", 15, False)
    assert red.attributes["brand"] == "Acme"
    assert "price is in EUR" in report.notes


def test_a_sale_price_holds_in_its_days_only(profiles: Profiles, tmp_path: Path) -> None:
    rows = (
        "id,price,sale_price,sale_price_effective_date\n"
        "now,10 EUR,8 EUR,2020-09-01T00:00+0200/2020-10-01T00:00+0200\n"
        "over,10 EUR,8 EUR,2020-08-01T00:00Z/2020-09-01T00:00Z\n"
        "soon,10 EUR,8 EUR,2020-10-01T00:00Z/2020-11-01T00:00Z\n"
    )
    _, items = imported(profiles, tmp_path, rows, "feed.csv")
    assert {name: item.price for name, item in items.items()} == {"now": 8, "over": 10, "soon": 10}


def test_prices_in_several_currencies_are_refused(profiles: Profiles, tmp_path: Path) -> None:
    rows = f"{GOOGLE}a\tA\t\tin stock\t5.00 EUR\nb\tB\t\tin stock\t$5.00\n"
    with pytest.raises(UnclearColumn, match=r'column \'price\'.*rates = \{ "\$" = …, EUR = … \}'):
        imported(profiles, tmp_path, rows)
    _, items = imported(profiles, tmp_path, rows, rates={"EUR": 1.0, "$": 0.9})
    assert (items["a"].price, items["b"].price) == (5, 4.5)


def test_an_export_of_products_gives_variants_their_title_and_leaves_drafts_out(
    profiles: Profiles, tmp_path: Path
) -> None:
    text = (
        f"{SHOPIFY}tee,Tee,Acme,,active,true,S,TEE-S,19.00,4,deny,shopify,/1.jpg\n"
        "tee,,,,,,M,TEE-M,19.00,0,deny,shopify,\n"
        "tee,,,,,,L,TEE-L,19.00,0,continue,shopify,\n"
        "tee,,,,,,XL,TEE-XL,19.00,0,deny,,\n"
        "tee,,,,,,,,,,,,/2.jpg\n"
        "new,New,,,draft,false,,NEW,5,9,deny,shopify,\nnew,,,,,,B,NEW-B,5,9,deny,shopify,\n"
        "old,Old,,,archived,true,,OLD,5,9,deny,shopify,\n"
        "bare,Bare,,,active,true,,,7,3,deny,shopify,\n"
    )
    report, items = imported(profiles, tmp_path, text, "products_export.csv")
    assert {name: item.available for name, item in items.items()} == {
        "TEE-S": True, "TEE-M": False, "TEE-L": True, "TEE-XL": True,
        "NEW": False, "NEW-B": False, "OLD": False, "bare": True,
    }  # fmt: skip
    assert {items[name].title for name in ("TEE-S", "TEE-M", "TEE-L", "TEE-XL")} == {"Tee"}
    assert items["TEE-M"].image_url == "/1.jpg"
    assert report.quarantined == {"more_pictures": 1}


def test_an_export_of_woocommerce(profiles: Profiles, tmp_path: Path) -> None:
    text = (
        "ID,Type,SKU,Name,Published,In stock?,Stock,Regular price,Sale price,Categories\n"
        "1,simple,tea,Tea,1,1,,5,4,Drinks\n2,simple,pot,Pot,1,0,0,9,,Home\n"
        "3,simple,cup,Cup,-1,1,5,2,,Home\n"
    )
    _, items = imported(profiles, tmp_path, text, "products.csv")
    assert {name: item.available for name, item in items.items()} == {
        "tea": True, "pot": False, "cup": False,
    }  # fmt: skip
    assert (items["tea"].price, items["tea"].title) == (4, "Tea")


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_a_feed_in_xml_is_read_in_the_encoding_that_it_names(
    profiles: Profiles, tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "feed.xml"
    file.write_bytes(RSS.format(encoding=encoding).encode(encoding))
    import_items(file, configured(tmp_path), profiles, now=NOW)
    tea, cup = profiles.items()["7"], profiles.items()["8"]
    assert (tea.title, tea.price, tea.available, tea.url) == ("Tée & pot", 1250, True, "/7")
    assert (cup.price, cup.available) == (2.5, False)


def test_feeds_of_other_shapes(profiles: Profiles, tmp_path: Path) -> None:
    for text in (ATOM, OFFERS):
        _, items = imported(profiles, tmp_path, text, "feed.xml")
        assert (items["7"].title, items["7"].price) == ("Tea", 2.5)
    assert items["7"].available is False


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<rss><channel><item></rss>", "broken XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a><item><id>&b;</id></item></a>', "entities"),
        ("<rss></rss>", "no rows"),
    ],
)
def test_broken_feeds_are_refused(profiles: Profiles, tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(UnreadableFile, match=why):
        imported(profiles, tmp_path, text, "feed.xml")
