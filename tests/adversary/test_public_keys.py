"""The key of a page is anybody's: the worst that it can do is to speak as a device nobody knows."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest

from recsys.storage.access import audit, keys
from recsys.storage.access.keys import Key, Right
from recsys.storage.database.open import open_database
from tests.api.conftest import Api, running
from tests.worlds import World, configured

SECRET = "s" * 32
PAGE = "https://shop.example"
VIEW = {"type": "track", "event": "view", "item_id": "i03"}


def proof(user_id: str) -> str:
    return hmac.new(SECRET.encode(), user_id.encode(), sha256).hexdigest()


class Shop:
    """A shop with a key for its pages, and one for its admin."""

    def __init__(self, api: Api, public: str, admin: str) -> None:
        self.api, self.public, self.admin = api, public, {"X-API-Key": admin}

    def get(self, path: str, **query: str) -> Any:
        return self.api.client.get(path, params={"key": self.public, **query})

    def send(self, *batch: dict[str, Any]) -> list[str | None]:
        told = self.api.client.post(
            "/v1/batch", params={"key": self.public}, json={"batch": batch},
            headers={"Origin": PAGE},
        )  # fmt: skip
        return [one["code"] for one in told.json()["events"]]


@pytest.fixture
def shop(world: World) -> Iterator[Shop]:
    store = open_database(world.config.storage.url)
    public = keys.create(store, Key("page", frozenset({Right.BROWSER}), (PAGE,)))
    admin = keys.create(store, Key("boss", frozenset({Right.ADMIN})))
    store.close()
    config = configured(world.folder, user_hash_secret=SECRET)
    with contextmanager(running)(World(world.folder, config, world.version)) as api:
        yield Shop(api, public, admin)


def test_a_guessed_user_is_answered_as_a_stranger_and_with_proof_as_the_user(shop: Shop) -> None:
    path = "/v1/users/u03/recommendations"
    guessed = shop.get(path, limit="5").json()
    assert (guessed["user_id"], guessed["rung"]) == ("u03", "popular")
    assert shop.get(path, user_hash=proof("u06")).json()["rung"] == "popular"
    proved = shop.get(path, limit="5", user_hash=proof("u03")).json()
    assert proved["rung"] == "one_to_one"
    assert shop.get("/v1/users/u03/recommendations", country="France").json()["rung"] == "segment"


@pytest.mark.parametrize("question", ["churn", "value", "channel", "consent", "export"])
def test_nothing_else_about_a_user_is_told(shop: Shop, question: str) -> None:
    assert shop.get(f"/v1/users/u03/{question}", user_hash=proof("u03")).status_code in {403, 422}
    assert shop.get("/v1/users/u03").status_code == 403


def test_a_device_has_its_own_answers_and_takes_them_along(shop: Shop) -> None:
    assert shop.send({**VIEW, "anonymousId": "d1"}) == [None]
    assert shop.get("/v1/users/d1/recommendations").json()["rung"] == "hyper"
    assert shop.send({"type": "identify", "userId": "fresh", "anonymousId": "d1"}) == [None]
    assert shop.get("/v1/users/d1/recommendations").json()["rung"] == "hyper"
    assert shop.get("/v1/users/fresh/recommendations").json()["rung"] == "popular"
    told = shop.get("/v1/users/fresh/recommendations", user_hash=proof("fresh")).json()
    assert told["rung"] == "hyper"


def test_nobody_speaks_as_a_known_user_or_reads_it_through_a_device(shop: Shop) -> None:
    device = {"type": "identify", "userId": "u03", "anonymousId": "d2"}
    view = {**VIEW, "userId": "u03", "message_id": "order-1001"}
    alias = {"type": "alias", "userId": "u03", "previousId": "d2"}
    assert shop.send(device, view, alias) == ["unproven_user"] * 3
    assert shop.send({**view, "user_hash": proof("u03")}) == [None]
    assert shop.get("/v1/users/d2/recommendations").json()["rung"] == "popular"


def test_an_event_id_that_a_page_guessed_swallows_nobodys_event(shop: Shop) -> None:
    guess = {**VIEW, "message_id": "order-1001"}
    assert shop.send({**guess, "anonymousId": "d3"}) == [None]
    order = {**guess, "userId": "u03", "event": "purchase", "price": 9.0}
    told = shop.api.client.post("/v1/events", json=order, headers=shop.admin).json()
    assert (told["accepted"], told["duplicate"]) == (1, 0)


def test_a_page_says_of_no_message_that_it_was_sent(shop: Shop) -> None:
    sent = {"type": "track", "event": "message_sent", "channel": "email", "anonymousId": "d5"}
    assert shop.send({**sent, "pscore": 0.001}) == ["not_for_pages"]


def test_pages_of_others_and_lists_are_refused(shop: Shop) -> None:
    client, elsewhere = shop.api.client, {"Origin": "https://evil.example"}
    batch = {"batch": [{**VIEW, "anonymousId": "d4"}]}
    sent = client.post("/v1/batch", params={"key": shop.public}, json=batch, headers=elsewhere)
    assert (sent.status_code, sent.json()["type"]) == (403, "urn:recsys:problem:foreign-page")
    assert shop.get("/v1/items/i00/similar").status_code == 200
    assert shop.get("/v1/segments").status_code == 403


def test_who_did_what_is_kept_by_the_label_of_the_key(shop: Shop) -> None:
    client, boss = shop.api.client, shop.admin
    alias = {"previousId": "u06", "userId": "u09"}
    denied = {"purpose": "profiling", "state": "denied"}
    audience = {"segment": "rfm:loyal"}
    client.post("/v1/alias", json=alias, headers=boss)
    client.post("/v1/users/u06/unmerge", headers=boss)
    client.put("/v1/users/u03/consent", json=denied, headers=boss)
    client.get("/v1/users/u03/export", headers=boss)
    client.post("/v1/audiences:export", json=audience, headers=boss)
    receipt = client.delete("/v1/users/u03", headers=boss).json()["receipt_id"]
    lines = audit.entries(shop.api.service.log.database)
    assert {line.actor for line in lines} == {"boss"}
    assert [(line.action, line.subject) for line in lines] == [
        ("merged", "u06"),
        ("unmerged", "u06"),
        ("changed_consents", receipt),
        ("exported", receipt),
        ("exported", "rfm:loyal"),
        ("erased", receipt),
    ]


def test_a_web_page_cannot_write_to_a_service_without_keys(api: Api) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        sent = api.client.post("/v1/events", json={**VIEW, "user_id": "u03"}, headers=headers)
        assert sent.status_code == 403
        asked = api.client.get("/v1/users/u03/channel?decision=d1", headers=headers)
        assert asked.status_code == 403
        assert api.client.delete("/v1/users/u03", headers=headers).status_code == 403
    rebound = api.client.get("/v1/users/u03", headers={"Host": "evil.example:8000"})
    assert (rebound.status_code, rebound.json()["type"]) == (421, "urn:recsys:problem:unknown-host")
