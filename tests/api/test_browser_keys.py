"""Keys that everybody can read: what they open, and what nobody learns by them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from recsys.storage.access.keys import Key, Right, create
from recsys.storage.database.open import open_database
from tests.api.conftest import SetClock
from tests.worlds import World, configured

SECRET = "s" * 64
ITEMS = "/v1/placements/default/items"


@pytest.fixture
def shop(world: World) -> Iterator[tuple[TestClient, str]]:
    """The API with one key, a browser's, for the pages of one shop."""
    database = open_database(world.config.storage.url)
    page = ("https://shop.example",)
    key = create(database, Key("page", frozenset({Right.BROWSER}), origins=page))
    database.close()
    config = configured(world.folder, user_hash_secret=SECRET)
    with TestClient(create_app(config, clock=SetClock())) as client:
        yield client, key


def proof(user_id: str) -> str:
    return hmac.new(SECRET.encode(), user_id.encode(), hashlib.sha256).hexdigest()


def items(shop: tuple[TestClient, str], **query: Any) -> dict[str, Any]:
    client, key = shop
    answer = client.get(ITEMS, params={"key": key, **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_known_user_has_a_list_of_their_own_by_proof_only(shop: tuple[TestClient, str]) -> None:
    own = items(shop, user_id="u05", user_hash=proof("u05"))
    assert own["rung"] == "one_to_one"
    for said in ({}, {"user_hash": proof("u06")}, {"user_hash": "é"}):
        found = items(shop, user_id="u05", **said)
        assert found["rung"] == "popular"
        assert found["user_id"] is None
        assert "user_hash is missing or wrong" in found["notes"][0]
        assert not any("you bought" in why for item in found["items"] for why in item["reasons"])


def test_a_visitor_is_known_by_an_id_that_nobody_guesses(shop: tuple[TestClient, str]) -> None:
    client, key = shop
    visitor = str(uuid4())
    event = {"anonymousId": visitor, "event": "view", "item_id": "i03"}
    sent = client.post(
        f"/v1/events?key={key}", content=json.dumps({"batch": [event]}),
        headers={"Content-Type": "text/plain;charset=UTF-8", "Origin": "https://shop.example"},
    )  # fmt: skip
    assert sent.json()["accepted"] == 1
    assert items(shop, user_id=visitor)["rung"] == "hyper"


@pytest.mark.parametrize(
    "path",
    ["/v1/users/u05", "/v1/users/u05/churn", "/v1/users/u05/channel", "/v1/placements",
     "/v1/placements/default/results", "/v1/users/u05/export"],
)  # fmt: skip
def test_it_opens_nothing_else(shop: tuple[TestClient, str], path: str) -> None:
    client, key = shop
    assert client.get(path, params={"key": key}).status_code == 403


def test_another_page_may_not_use_it(shop: tuple[TestClient, str]) -> None:
    client, key = shop
    foreign = {"Origin": "https://thief.example"}
    assert client.get(ITEMS, params={"key": key}, headers=foreign).status_code == 403
    assert client.put("/v1/placements/default", params={"key": key}, json={}).status_code == 403


def test_without_a_key_there_is_nothing(shop: tuple[TestClient, str]) -> None:
    assert shop[0].get(ITEMS).status_code == 401
