"""What clients of Segment, RudderStack and GA4 send, as they send it."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest

from recsys.storage.users.profiles import Profiles
from tests.api.conftest import Api
from tests.api.sending import SHORT, since_training

VIEW = {"userId": "fresh", "event": "Product Viewed", "properties": {"product_id": "i03"}}


def packed(api: Api, body: bytes, encoding: str = "gzip") -> Any:
    return api.client.post("/v1/events", content=body, headers={"Content-Encoding": encoding})


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("GZip", gzip.compress), ("deflate", zlib.compress),
     ("identity", bytes)],
)  # fmt: skip
def test_a_body_may_be_packed(api: Api, encoding: str, pack: Any) -> None:
    answer = packed(api, pack(json.dumps(SHORT).encode()), encoding)
    assert answer.json()["accepted"] == 1


def test_a_bomb_is_not_unpacked(api: Api) -> None:
    bomb = gzip.compress(b'{"a":"' + b"0" * 50_000_000)
    assert len(bomb) < api.config.serving.max_body_bytes
    assert packed(api, bomb).status_code == 413


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"{}", "gzip"), (gzip.compress(b"{}", mtime=0)[:-9], "gzip"), (b"{}", "br"), (b"", "gzip")],
    ids=["plain", "cut short", "another packing", "empty"],
)
def test_what_is_not_packed_as_it_says_is_a_problem(api: Api, body: bytes, encoding: str) -> None:
    answer = packed(api, body, encoding)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("letter", "tipsag")
def test_analytics_js_finds_its_short_routes(api: Api, letter: str) -> None:
    body = {**VIEW, "anonymousId": "device", "previousId": "device"}
    text = {"Content-Type": "text/plain"}
    answer = api.client.post(f"/v1/{letter}", content=json.dumps(body), headers=text)
    assert (answer.status_code, answer.json()["success"]) == (200, True)


def test_and_its_short_batch(api: Api) -> None:
    answer = api.client.post("/v1/b", json={"batch": [{"type": "track", **VIEW}]})
    assert answer.json()["accepted"] == 1


def test_traits_are_read_from_the_context_too(api: Api) -> None:
    context = {"traits": {"country": "France"}}
    api.client.post("/v1/identify", json={"userId": "fresh", "context": context})
    assert Profiles(api.service.log.database).users()["fresh"] == ({"country": "France"}, "")


def test_an_event_of_the_shops_own_is_no_failure_alone_or_in_a_batch(api: Api) -> None:
    own = {"userId": "fresh", "event": "Something Of Our Own"}
    for answer in (
        api.client.post("/v1/track", json=own),
        api.client.post("/v1/batch", json={"batch": [{"type": "track", **own}]}),
    ):
        assert (answer.status_code, answer.json()["success"]) == (200, True)
        assert answer.json()["events"][0]["code"] == "unknown_kind"


def test_the_items_of_ga4_are_products(api: Api) -> None:
    items = [{"item_id": "i03", "price": 2.5, "quantity": 2}, {"item_id": "i04", "price": 1}]
    body = {"user_id": "fresh", "event": "purchase", "items": items, "message_id": "ga"}
    assert api.client.post("/v1/events", json=body).json()["accepted"] == 1
    assert since_training(api, "item_id, kind, value") == [
        ("i03", "purchase", 5.0),
        ("i04", "purchase", 1.0),
    ]


def test_a_problem_says_code_and_message_as_those_clients_look_for_them(api: Api) -> None:
    body = api.client.post("/v1/batch", json={"batch": []}).json()
    assert (body["code"], body["message"]) == ("bad_query", body["detail"])
    lone = api.client.post("/v1/events", json={"event": "view"}).json()
    assert lone["code"] == "missing_user_id"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/v1/segments", "/docs"])
def test_head_is_answered_as_get_without_a_body(api: Api, path: str) -> None:
    head, get = api.client.head(path), api.client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
