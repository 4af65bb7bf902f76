"""Events and bodies that cannot be used are explained, whatever they are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.data.times import DAY, SECOND, moment
from recsys.errors import BadEvent
from tests.api.conftest import NOON, Api
from tests.api.sending import SHORT, logged


def nested(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"properties": found}
    return found


BAD = {
    "future_time": {**SHORT, "timestamp": moment(NOON + DAY + SECOND).isoformat()},
    "bad_time": {**SHORT, "timestamp": "yesterday"},
    "bad_quantity": {**SHORT, "quantity": -2},
    "too_deep": {**SHORT, "properties": nested(300)},
    "bad_price": {**SHORT, "price": -0.5},
    "bad_text": {**SHORT, "item_id": ["i03"]},
    "missing_item": {"user_id": "fresh", "event": "view"},
    "missing_user_id": {"event": "view", "item_id": "i03"},
    "missing_event": {"user_id": "fresh", "item_id": "i03"},
    "unknown_kind": {**SHORT, "event": "dance"},
    "unused_event": {**SHORT, "event": "Products Searched"},
    "unknown_channel": {"user_id": "fresh", "kind": "message_sent", "channel": "pigeon"},
    "missing_ref": {"user_id": "fresh", "kind": "message_responded", "event_id": "m"},
    "bad_pscore": {"user_id": "a", "kind": "message_sent", "channel": "email", "pscore": 2},
    "bad_timezone": {"type": "identify", "userId": "a", "context": {"timezone": "Mars/Base"}},
    "too_large": {**SHORT, "properties": {"note": "x" * 40_000}},
}


@pytest.mark.parametrize("code", BAD)
def test_a_lone_bad_event_is_a_problem_with_code_and_reason(api: Api, code: str) -> None:
    response = api.client.post("/v1/events", json=BAD[code])
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == code
    assert problem["reason"] == problem["detail"]
    assert logged(api) == []


@pytest.mark.parametrize("name", ["Email Sent", "Push Sent", "push_notification_sent", "EmailSent"])
def test_a_message_that_left_is_not_counted_and_what_is_counted_is_said(
    api: Api, name: str
) -> None:
    told = api.client.post("/v1/events", json={"user_id": "fresh", "event": name}).json()
    assert told["code"] == "unknown_kind"
    assert "of messages message_sent, message_responded, message_unsubscribed" in told["reason"]
    assert "Sent is not counted, Delivered is" in told["reason"]


@pytest.mark.parametrize("quantity", ["two", True, 0, [], 1e400, "nan"])
def test_quantities_that_are_none_are_refused(api: Api, quantity: object) -> None:
    with pytest.raises(BadEvent, match=r"quantity is .*; allowed: a number above 0, up to 1e\+12"):
        api.service.parser.read({**SHORT, "quantity": quantity}, now=NOON)


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 422, "JSON ("),
        (b"{not json", 422, "JSON ("),
        (b"[]", 422, "a JSON object"),
        (b'"text"', 422, "a JSON object"),
        (b'{"batch": []}', 422, "a list of 1 to 1,000 events"),
        (b'{"batch": {}}', 422, "a list of 1 to 1,000 events"),
        (b'{"batch": [' + b"1," * 1_000 + b"1]}", 422, "a list of 1 to 1,000 events"),
        (b" " * 100_001, 413, "at most 100,000 bytes"),
    ],
)
def test_broken_bodies_are_explained(
    shared_api: Api, content: bytes, status: int, words: str
) -> None:
    response = shared_api.client.post("/v1/events", content=content)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert words in response.json()["detail"] or words in response.json().get("allowed", "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


NAMES = st.sampled_from(
    [
        "type",
        "userId",
        "user_id",
        "event",
        "item_id",
        "timestamp",
        "quantity",
        "price",
        "products",
        "properties",
        "messageId",
        "traits",
        "context",
        "channel",
        "ref",
        "pscore",
        "value",
    ]
)


GOOD = st.fixed_dictionaries(
    {"user_id": st.just("u"), "event": st.sampled_from(["view", "purchase", "message_sent"])}
)


PAYLOADS = st.builds(
    lambda good, odd: {**good, **odd}, GOOD | st.just({}), st.dictionaries(NAMES, JSON, max_size=5)
)


@settings(deadline=None, max_examples=150)
@given(payloads=st.lists(PAYLOADS | JSON, min_size=1, max_size=4))
def test_whatever_arrives_gets_a_verdict_never_an_error(
    shared_api: Api, payloads: list[Any]
) -> None:
    body = json.dumps({"batch": payloads})
    response = shared_api.client.post("/v1/events", content=body.encode())
    assert response.status_code in {200, 422}
    if response.status_code == 200:
        assert [one["index"] for one in response.json()["events"]] == list(range(len(payloads)))
    else:
        assert response.json()["parameter"] == "body"
