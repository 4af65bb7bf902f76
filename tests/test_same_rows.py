"""An event means the same in a file and in a request: both read it by one table."""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from api.requests.events import EventParser
from recsys.config import parse
from recsys.data.fields import EVENT, PRODUCT
from recsys.data.kinds import KIND_OF, MESSAGES, UNUSED
from recsys.errors import BadEvent
from recsys.storage.events.event import Event
from training.importing.read import read_file
from training.importing.validate import validate

NOW = 1_600_000_000_000_000
BASE = {"messageId": "m1", "userId": "ann", "timestamp": "2020-01-02T10:00:00Z"}
VIEW = {**BASE, "event": "Product Viewed", "properties": {"product_id": "tea"}}
CONFIG = parse({}, {})


def of_request(payload: dict[str, Any]) -> list[Event]:
    found = EventParser(CONFIG).read(payload, now=NOW)
    assert isinstance(found, list)
    return found


def of_file(payload: dict[str, Any], folder: Path, *others: dict[str, Any]) -> list[Event]:
    file = folder / "events.jsonl"
    file.write_text("\n".join(map(json.dumps, [payload, *others])))
    events = validate(read_file(file), CONFIG, now=NOW).events
    fields = [name for name in Event.__dataclass_fields__ if name != "source"]
    return [Event(**row) for row in events.select(fields).rows(named=True)]


def same(payload: dict[str, Any], folder: Path) -> list[Event]:
    requested = of_request(payload)
    assert list(map(_row, of_file(payload, folder))) == list(map(_row, requested))
    return requested


def _row(event: Event) -> tuple[Any, ...]:
    properties = None if event.properties is None else json.loads(event.properties)
    return (*astuple(event)[:-5], properties, event.simulated, event.machine, event.anonymous)


@pytest.mark.parametrize("name", [*KIND_OF, "Order Completed", "product_added", "AddToCart"])
def test_every_known_name_of_an_interaction(name: str, tmp_path: Path) -> None:
    said = {"product_id": "tea", "quantity": 2, "price": "1.5", "order_id": "o1"}
    (event,) = same({**BASE, "event": name, "properties": said}, tmp_path)
    assert (event.item_id, event.quantity, event.value, event.order_id) == ("tea", 2, 3, "o1")


@pytest.mark.parametrize("name", MESSAGES)
def test_every_known_name_of_a_message(name: str, tmp_path: Path) -> None:
    for own in ({"email_id": "e1"}, {"channel": "sms", "ref": "r1", "machine": True}):
        (event,) = same({**BASE, "event": name, "properties": own}, tmp_path)
        assert event.kind == MESSAGES[name][0]


@pytest.mark.parametrize("name", sorted(UNUSED - {"identify", "alias"}))
def test_every_name_that_no_model_uses(name: str, tmp_path: Path) -> None:
    payload = {**BASE, "event": name}
    with pytest.raises(BadEvent) as refused:
        of_request(payload)
    assert refused.value.code == "unused_event"
    assert [
        event.event_id for event in of_file(payload, tmp_path, {**VIEW, "messageId": "m2"})
    ] == ["m2"]


@pytest.mark.parametrize("call", ["page", "screen"])
def test_a_page_is_a_view_whatever_it_is_called(call: str, tmp_path: Path) -> None:
    page = {**BASE, "type": call, "name": "Product", "properties": {"product_id": "tea"}}
    (event,) = same(page, tmp_path)
    assert (event.kind, event.item_id) == ("view", "tea")


IDS = ("user", "anonymous", "item", "order", "event_id")


@pytest.mark.parametrize(("meaning", "name"), [(m, n) for m in IDS for n in EVENT.table[m]])
def test_every_name_of_an_id(meaning: str, name: str, tmp_path: Path) -> None:
    short = {"user_id": "ann", "item_id": "tea", "message_id": "m1", "order_id": "o1"}
    named = {m: v for m, v in short.items() if EVENT.place(m).meaning != meaning}  # type: ignore[union-attr]
    if meaning == "anonymous":
        named.pop("user_id")
    payload = {**named, name: "x7", "event": "purchase", "timestamp": 1_590_000_000}
    (event,) = same(payload, tmp_path)
    assert "x7" in (event.user_id, event.item_id, event.order_id, event.event_id)


@pytest.mark.parametrize("name", EVENT.table["at"])
def test_every_name_of_a_time(name: str, tmp_path: Path) -> None:
    payload = {**VIEW, name: "2020-01-02T12:00:00+02:00"}
    payload.pop("timestamp") if name != "timestamp" else None
    (event,) = same(payload, tmp_path)
    assert event.at == 1_577_959_200_000_000


@pytest.mark.parametrize("name", EVENT.table["total"])
def test_every_name_of_the_money_of_an_event(name: str, tmp_path: Path) -> None:
    (event,) = same({**VIEW, "quantity": 2, "properties": {"sku": "tea", name: 5}}, tmp_path)
    assert event.value == 5


@pytest.mark.parametrize("products", EVENT.table["products"])
@pytest.mark.parametrize("item", PRODUCT.table["item"])
def test_an_order_is_one_event_for_each_of_its_products(
    products: str, item: str, tmp_path: Path
) -> None:
    order = {
        "order_id": "o1",
        "price": 99,
        "total": 99,
        products: [{item: "tea", "price": 2, "quantity": 3}, {item: "pot"}],
    }
    first, second = same({**BASE, "event": "Order Completed", "properties": order}, tmp_path)
    assert (first.event_id, first.item_id, first.value) == ("m1:0", "tea", 6)
    assert (second.event_id, second.item_id, second.value) == ("m1:1", "pot", None)


@pytest.mark.parametrize(
    "said",
    [
        {"device": "Mobile", "placement": "home"},
        {"properties": {"sku": "tea", "device_type": "tablet", "recommendation_id": "r1"}},
        {"context": {"device": {"type": "iOS"}}},
        {"context": {"userAgent": "AhrefsBot/7.0"}},
        {"context": {"userAgent": "Mozilla/5.0 (Linux; Android 9; CUBOT X19)"}},
        {"bot": True},
    ],
)
def test_on_what_occasion_it_happened(said: dict[str, Any], tmp_path: Path) -> None:
    same({**VIEW, **said}, tmp_path)


TEA, POT = {"sku": "tea", "price": 10, "quantity": 2}, {"sku": "pot", "price": 5}


@pytest.mark.parametrize(
    ("said", "kinds", "worth"),
    [
        ({"discount_amount": 5}, {"purchase"}, [16, 4]),
        ({"discount_amount": 5, "order_id": None}, {"purchase"}, [16, 4]),
        ({"products": [{**TEA, "line_discount": "-5"}, POT]}, {"purchase"}, [15, 5]),
        ({"refunded_amount": 5}, {"purchase"}, [16, 4]),
        ({"refunded_amount": 5, "order_id": None}, {"purchase"}, [16, 4]),
        ({"refunded_amount": 25}, {"void"}, [0, 0]),
        ({"products": [{**TEA, "qty_refunded": 1}, POT]}, {"purchase"}, [10, 5]),
        ({"products": [TEA, POT, {"sku": "gift", "price": 0}]}, {"purchase"}, [20, 5]),
        ({"status": "cancelled"}, {"void"}, [20, 5]),
        ({"status": "partially_refunded"}, {"purchase"}, [20, 5]),
        ({"cancelled_at": "2020-01-03T00:00:00Z"}, {"void"}, [20, 5]),
        ({"cancelled": False, "bot": "true"}, {"purchase"}, [20, 5]),
    ],
)
def test_an_order_is_worth_what_is_left_of_it(
    said: dict[str, Any], kinds: set[str], worth: list[float], tmp_path: Path
) -> None:
    order = {"order_id": "o1", "products": [TEA, POT], **said}
    events = same({**BASE, "event": "Order Completed", "properties": order}, tmp_path)
    assert ({event.kind for event in events}, [event.value for event in events]) == (kinds, worth)


@pytest.mark.parametrize(
    ("said", "code"), [({"test": True}, "test_order"), ({"discount_amount": 25}, "zero_price")]
)
def test_a_test_or_a_gift_is_no_order(said: dict[str, Any], code: str, tmp_path: Path) -> None:
    order = {"order_id": "o1", "products": [TEA, POT], **said}
    payload = {**BASE, "event": "Order Completed", "properties": order}
    with pytest.raises(BadEvent) as refused:
        of_request(payload)
    assert (refused.value.code, of_file(payload, tmp_path)) == (code, [])


def test_guests_cancelled_orders_and_currencies_by_the_settings() -> None:
    data = {"guests": ["0"], "cancelled_order_prefix": "C", "rates": {"EUR": 2.0}}
    parser = EventParser(parse({"data": data}, {}))
    order = {"order_id": "C1", "currency": "eur", "products": [TEA]}
    said = {**BASE, "userId": "0", "anonymousId": "a1", "event": "purchase", "properties": order}
    (event,) = parser.read(said, now=NOW)  # type: ignore[misc]
    assert (event.user_id, event.kind, event.value) == ("a1", "return", 40)
    with pytest.raises(BadEvent, match="'JPY'; known: EUR"):
        parser.read({**said, "properties": {**order, "currency": "JPY"}}, now=NOW)


@pytest.mark.parametrize("at", ["1577959200", "1577959200000", "1577959200.0"])
def test_a_number_of_seconds_may_be_a_text(at: str, tmp_path: Path) -> None:
    (event,) = same({**VIEW, "timestamp": at}, tmp_path)
    assert event.at == 1_577_959_200_000_000
