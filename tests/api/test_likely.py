"""Audiences of a size: who wants an item, who is like whom; only who allows it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recsys.data.times import DAY
from recsys.storage.access import audit
from recsys.storage.privacy import erasure
from recsys.storage.users.consents import Consent
from tests.api.conftest import NOON, Api
from tests.worlds import DENIED, USERS, taste

CONSENTED = {user for user in USERS[::2] if user != DENIED}


def likely(api: Api, **body: Any) -> dict[str, Any]:
    answer = api.client.post("/v1/audiences:likely", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def named(found: dict[str, Any]) -> list[str]:
    return [one["user_id"] for one in found["users"]]


def test_who_wants_an_item_has_its_taste(shared_api: Api) -> None:
    found = likely(shared_api, items=["i00"], users=10)
    users = named(found)
    assert len(users) == 10
    assert set(users) <= CONSENTED
    assert {taste(USERS.index(user)) for user in users} == {0}
    scores = [one["score"] for one in found["users"]]
    assert scores == sorted(scores, reverse=True)
    assert [one["rank"] for one in found["users"]] == list(range(1, 11))
    assert found["model_version"] == shared_api.world.version


def test_who_is_like_some_has_their_taste_and_is_none_of_them(shared_api: Api) -> None:
    left = {
        user for number, user in enumerate(USERS[:60]) if number % 4 == 2 and taste(number) == 1
    }
    seeds = {user for number, user in enumerate(USERS[:60]) if taste(number) != 2} - left
    users = set(named(likely(shared_api, like_users=sorted(seeds), users=len(left))))
    assert users <= CONSENTED - seeds
    assert {taste(USERS.index(user)) for user in users} <= {0, 1}


def test_who_is_like_a_segment(shared_api: Api) -> None:
    answer = shared_api.client.post("/v1/audiences:likely", json={"like_segment": "country:France"})
    if answer.status_code == 200:
        assert set(named(answer.json())) <= CONSENTED
    else:
        assert "known users" in answer.json()["detail"]


def test_fewer_come_where_of_no_more_anything_speaks_for_it(shared_api: Api) -> None:
    assert len(named(likely(shared_api, items=["i00"], users=100_000))) <= len(CONSENTED)


def test_consents_and_erasures_count_at_once(api: Api) -> None:
    first, second, *_ = named(likely(api, items=["i00"], users=5))
    api.service.consents.record([Consent(first, "profiling", "", "denied", NOON - DAY)])
    erasure.erase(api.service.log.database, second, at=NOON, receipt_id="r")
    api.service.catch_up()
    assert not {first, second} & set(named(likely(api, items=["i00"], users=100)))


def test_the_channel_has_to_be_granted(shared_api: Api) -> None:
    assert named(likely(shared_api, items=["i00"], channel="email"))
    assert not named(likely(shared_api, items=["i00"], channel="sms"))


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "one of items"),
        ({"items": ["i00"], "category": "x"}, 422, "one of items"),
        ({"items": []}, 422, "items"),
        ({"items": ["nothing"]}, 404, "nothing"),
        ({"category": "hats"}, 422, "a category of the catalogue"),
        ({"like_segment": "rfm:kings"}, 404, "rfm:champions"),
        ({"like_users": ["u00"]}, 422, "at least 20"),
        ({"items": ["i00"], "users": 0}, 422, "users"),
        ({"items": ["i00"], "channel": "pigeon"}, 422, "email"),
        ({"item": "i00"}, 422, "items"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    shared_api: Api, body: dict[str, Any], status: int, words: str
) -> None:
    answer = shared_api.client.post("/v1/audiences:likely", json=body)
    assert answer.status_code == status, answer.text
    assert words in json.dumps(answer.json())


def test_who_asked_is_in_the_audit_log(api: Api) -> None:
    likely(api, items=["i00"], users=3)
    last = audit.entries(api.service.log.database)[-1]
    assert (last.action, last.subject) == (audit.Action.EXPORTED, "3 likely users")
