"""How events may be spelled, and what is kept of them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from recsys.data.times import HOUR, moment
from recsys.storage.users.profiles import Profiles
from tests.api.conftest import NOON, Api
from tests.api.sending import SHORT, logged, parsed, posted, rung, since_training

IPHONE = {"device": {"type": "iOS"}}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"device": "Mobile", "placement": "home"}, {"device": "mobile", "placement": "home"}),
        ({"properties": {"placement": "Cart"}, "context": IPHONE},
         {"device": "ios", "placement": "cart"}),
        ({"device": {"model": "X"}, "placement": 7, "context": "none"}, None),
        ({"device_type": "tablet", "recommendation_id": "r1"},
         {"device": "tablet", "recommendation_id": "r1"}),
    ],
)  # fmt: skip
def test_device_and_placement_of_an_event_are_kept(
    api: Api, said: dict[str, Any], kept: dict[str, str] | None
) -> None:
    assert posted(api, {**SHORT, **said}).accepted == 1
    assert properties(api) == [kept]


def test_a_device_that_is_ordered_is_not_the_one_it_is_ordered_on(api: Api) -> None:
    order = {
        "userId": "fresh", "event": "Order Completed", "context": IPHONE,
        "properties": {"products": [{"product_id": "i00", "device": "laptop"}, {"sku": "i03"}]},
    }  # fmt: skip
    assert api.client.post("/v1/track", json=order).status_code == 200
    assert properties(api) == [{"device": "ios"}, {"device": "ios"}]


def properties(api: Api) -> list[Any]:
    rows = since_training(api, "properties")
    return [None if text is None else json.loads(text) for (text,) in rows]


def test_a_clock_that_runs_ahead_does_not_hide_an_event(api: Api) -> None:
    ahead = moment(NOON + HOUR).isoformat()
    posted(api, {**SHORT, "timestamp": ahead})
    assert logged(api)[0][4] == NOON
    assert rung(api, "fresh") == "hyper"


TIMES = {
    "iso": "2026-01-01T10:00:00Z",
    "iso with zone": "2026-01-01T11:00:00+01:00",
    "naive": "2026-01-01T10:00:00",
    "seconds": 1_767_261_600,
    "milliseconds": 1_767_261_600_000,
}


@pytest.mark.parametrize("spelling", TIMES)
def test_times_in_any_spelling_mean_the_same(api: Api, spelling: str) -> None:
    (event,) = parsed(api, {**SHORT, "timestamp": TIMES[spelling]})
    assert moment(event.at) == datetime.fromisoformat("2026-01-01T10:00:00+00:00")


def test_an_order_is_one_event_for_each_product(api: Api) -> None:
    order = {
        "type": "track",
        "messageId": "m1",
        "userId": "fresh",
        "event": "Order Completed",
        "timestamp": "2026-01-01T11:00:00Z",
        "properties": {
            "order_id": "o1",
            "products": [
                {"product_id": "i00", "quantity": 2, "price": 12.5},
                {"product_id": "i03", "price": "3"},
            ],
        },
    }
    answer = posted(api, order)
    assert answer.accepted == 1
    first, second = logged(api)
    assert first[:4] == ("m1:0", "fresh", "i00", "purchase")
    assert first[5:] == (2.0, 25.0, "o1")
    assert second[:4] == ("m1:1", "fresh", "i03", "purchase")
    assert second[5:] == (1.0, 3.0, "o1")
    assert posted(api, order).duplicate == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Product Viewed", "view"),
        ("Product Clicked", "view"),
        ("Product Added", "cart"),
        ("Product Added to Wishlist", "cart"),
        ("Order Completed", "purchase"),
        ("Order Refunded", "return"),
        ("purchase", "purchase"),
    ],
)
def test_e_commerce_names_mean_kinds(shared_api: Api, name: str, kind: str) -> None:
    payload = {"type": "track", "userId": "a", "event": name, "properties": {"sku": "i00"}}
    (event,) = parsed(shared_api, payload)
    assert (event.kind, event.item_id) == (kind, "i00")


def test_the_recommendation_id_is_kept_for_attribution(shared_api: Api) -> None:
    payload = {**SHORT, "recommendation_id": "r1"}
    (event,) = parsed(shared_api, payload)
    assert event.properties == '{"recommendation_id":"r1"}'


def test_identify_keeps_the_trait_and_the_zone_and_nothing_else(api: Api) -> None:
    payload = {
        "type": "identify",
        "userId": "fresh",
        "traits": {"country": "France", "email": "a@example.org"},
        "context": {"timezone": "Europe/Paris"},
    }
    assert posted(api, payload).accepted == 1
    assert Profiles(api.service.log.database).users()["fresh"] == (
        {"country": "France"},
        "Europe/Paris",
    )
    assert rung(api, "fresh") == "segment"
