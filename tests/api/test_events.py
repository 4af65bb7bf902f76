"""Events come in."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from api.intake.inbox import Inbox
from api.routes import events
from api.web.schemas import EventsAnswer
from recsys.errors import BadEvent, StoreUnavailable
from recsys.events import DAY, HOUR, SECOND, moment
from recsys.storage.event_log import Event, Verdict
from tests.api.conftest import NOON, Api

SHORT = {"user_id": "fresh", "item_id": "i03", "event": "view"}
MANY = [f"i{n:02}" for n in (0, 3, 6)]


def posted(api: Api, body: Any) -> Any:
    response = api.client.post("/v1/events", json=body)
    assert response.status_code == 200, response.text
    return EventsAnswer.model_validate_json(response.content)


def rung(api: Api, user: str) -> str:
    return str(api.client.get(f"/v1/users/{user}/recommendations").json()["rung"])


def logged(api: Api) -> list[tuple[Any, ...]]:
    """Every event since training."""
    return api.service.log.database.reader.execute(
        "SELECT event_id, user_id, item_id, kind, at, quantity, value, order_id FROM events "
        "WHERE seq > ? ORDER BY seq",
        (api.service.current.serving.watermark,),
    ).fetchall()


def test_the_next_request_of_a_new_user_knows_the_event(api: Api) -> None:
    assert rung(api, "fresh") == "popular"
    answer = posted(api, {"batch": [{**SHORT, "item_id": item} for item in MANY]})
    assert (answer.accepted, answer.duplicate, answer.rejected) == (3, 0, 0)
    assert rung(api, "fresh") == "hyper"
    items = api.client.get("/v1/users/fresh/recommendations").json()["items"]
    assert any("you looked at" in reason for item in items for reason in item["reasons"])


def test_an_event_changes_a_known_users_answer_at_once(api: Api) -> None:
    assert rung(api, "u03") == "one_to_one"
    before = api.client.get("/v1/users/u03/recommendations").json()["items"]
    posted(api, {"user_id": "u03", "item_id": "i01", "event": "Product Viewed"})
    assert rung(api, "u03") == "hyper"
    after = api.client.get("/v1/users/u03/recommendations").json()["items"]
    assert [item["score"] for item in before] != [item["score"] for item in after]


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
    rows = api.service.log.database.reader.execute(
        "SELECT properties FROM events WHERE seq > ? ORDER BY seq",
        (api.service.current.serving.watermark,),
    ).fetchall()
    return [None if text is None else json.loads(text) for (text,) in rows]


def test_a_replayed_event_is_a_duplicate_and_changes_nothing(api: Api) -> None:
    event = {**SHORT, "message_id": "seen-before"}
    assert posted(api, event).accepted == 1
    again = posted(api, {"batch": [event, event]})
    assert (again.accepted, again.duplicate) == (0, 2)
    assert again.events[0].event_id == "seen-before"
    assert len(logged(api)) == 1


def test_a_list_by_another_name_than_batch_is_told_the_name(api: Api) -> None:
    response = api.client.post("/v1/events", json={"events": [SHORT]})
    assert response.status_code == 422
    assert response.json()["allowed"] == "one event, or a list of them named batch"
    assert logged(api) == []


def test_an_event_without_an_id_gets_one(api: Api) -> None:
    first, second = posted(api, SHORT).events[0], posted(api, SHORT).events[0]
    assert first.event_id
    assert first.event_id != second.event_id
    assert len(logged(api)) == 2


def test_one_bad_event_never_fails_the_rest(api: Api) -> None:
    batch = [SHORT, {"item_id": "i03", "event": "view"}, 7, {**SHORT, "event": "dance"}, SHORT]
    answer = posted(api, {"batch": batch})
    assert [one.verdict for one in answer.events] == [
        "accepted",
        "rejected",
        "rejected",
        "rejected",
        "accepted",
    ]
    assert [one.index for one in answer.events] == [0, 1, 2, 3, 4]
    codes = [one.code for one in answer.events if one.verdict == "rejected"]
    assert codes == ["missing_user_id", "not_an_object", "unknown_kind"]


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


@pytest.mark.parametrize("quantity", ["two", True, 0, [], 1e400, "nan"])
def test_quantities_that_are_none_are_refused(api: Api, quantity: object) -> None:
    with pytest.raises(BadEvent, match=r"quantity is .*; allowed: a number above 0, up to 1e\+12"):
        api.service.speller.read({**SHORT, "quantity": quantity}, now=NOON)


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
    (event,) = api.service.speller.read({**SHORT, "timestamp": TIMES[spelling]}, now=NOON)
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
    (event,) = shared_api.service.speller.read(payload, now=NOON)  # type: ignore[misc]
    assert (event.kind, event.item_id) == (kind, "i00")


def test_mail_events_of_one_mail_belong_together(shared_api: Api) -> None:
    read = shared_api.service.speller.read
    mail = {"type": "track", "userId": "a", "properties": {"email_id": "e9"}}
    (sent,) = read({**mail, "event": "Email Delivered"}, now=NOON)  # type: ignore[misc]
    (click,) = read({**mail, "event": "Email Link Clicked"}, now=NOON)  # type: ignore[misc]
    assert (sent.kind, sent.channel) == ("message_sent", "email")
    assert (click.kind, click.ref) == ("message_responded", sent.event_id)


SENT_CALL = {"type": "track", "userId": "a", "channel": "server"}


def spelled(api: Api, **fields: Any) -> Event:
    (event,) = api.service.speller.read({**SENT_CALL, **fields}, now=NOON)  # type: ignore[misc]
    return event


@pytest.mark.parametrize(
    ("name", "kind", "channel"),
    [
        ("Email Delivered", "message_sent", "email"),
        ("Email Opened", "message_opened", "email"),
        ("Email Bounced", "message_failed", "email"),
        ("Email Marked as Spam", "message_unsubscribed", "email"),
        ("Push Notification Tapped", "message_responded", "push"),
        ("SMS Undelivered", "message_failed", "sms"),
    ],
)
def test_the_name_says_the_channel_where_the_call_says_none_of_ours(
    shared_api: Api, name: str, kind: str, channel: str
) -> None:
    event = spelled(shared_api, event=name, ref="m1")
    assert (event.kind, event.channel) == (kind, channel)


def test_what_a_machine_opened_is_marked_and_what_bounced_is_not(shared_api: Api) -> None:
    proxy = {"userAgent": "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"}
    assert spelled(shared_api, event="Email Opened", ref="m1", context=proxy).machine
    assert not spelled(shared_api, event="Email Bounced", ref="m1", machine=True).machine


def test_an_outcome_told_again_is_a_duplicate_with_an_id_or_without(api: Api) -> None:
    click = {
        "user_id": "u00",
        "event": "Email Link Clicked",
        "ref": "m1",
        "timestamp": moment(NOON - DAY).isoformat(),
    }
    assert posted(api, click).accepted == 1
    assert posted(api, click).duplicate == 1
    assert posted(api, {**click, "event": "Email Opened"}).accepted == 1


def test_what_came_of_messages_is_kept_and_is_no_interaction(api: Api) -> None:
    names = ("Email Delivered", "Email Opened", "Email Bounced", "Email Marked as Spam")
    told = [{"user_id": "fresh", "event": name, "email_id": "e1"} for name in names]
    assert posted(api, {"batch": told}).accepted == len(names)
    assert rung(api, "fresh") == "popular"


def test_who_marks_a_mail_as_spam_gets_no_other(api: Api) -> None:
    spam = {"user_id": "u00", "event": "Email Marked as Spam", "email_id": "e1"}
    assert posted(api, spam).accepted == 1
    ranked = api.client.get("/v1/users/u00/channel?decision=d1").json()["channel"]["ranked"]
    mail = next(arm for arm in ranked if arm["channel"] == "email")
    assert (mail["eligible"], mail["reason"]) == (False, "no consent")


def test_the_recommendation_id_is_kept_for_attribution(shared_api: Api) -> None:
    payload = {**SHORT, "recommendation_id": "r1"}
    (event,) = shared_api.service.speller.read(payload, now=NOON)  # type: ignore[misc]
    assert event.properties == '{"recommendation_id":"r1"}'


def test_identify_keeps_the_trait_and_the_zone_and_nothing_else(api: Api) -> None:
    payload = {
        "type": "identify",
        "userId": "fresh",
        "traits": {"country": "France", "email": "a@example.org"},
        "context": {"timezone": "Europe/Paris"},
    }
    assert posted(api, payload).accepted == 1
    assert api.service.profiles.users()["fresh"] == ({"country": "France"}, "Europe/Paris")
    assert rung(api, "fresh") == "segment"


def test_a_message_sent_counts_towards_the_cap(api: Api) -> None:
    def email() -> Any:
        ranked = api.client.get("/v1/users/u00/channel").json()["channel"]["ranked"]
        return next(arm for arm in ranked if arm["channel"] == "email")

    assert email()["eligible"]
    sent = {"user_id": "u00", "kind": "message_sent", "channel": "email"}
    posted(api, {"batch": [sent] * 3})
    assert email()["reason"] == "weekly cap of 3 reached"


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


def test_without_the_store_events_are_turned_away_and_answers_go_on(api: Api) -> None:
    path = api.world.folder / "events.db"
    path.rename(path.with_suffix(".gone"))
    response = api.client.post("/v1/events", json=SHORT)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) >= 1
    assert "event store is unavailable" in response.json()["detail"]
    assert api.client.get("/v1/users/u03/recommendations").status_code == 200


async def _full_inbox() -> None:
    inbox = Inbox(lambda events: [Verdict.ACCEPTED for _ in events], most_waiting=0)
    with pytest.raises(StoreUnavailable, match="wait for it already"):
        await inbox.put([Event("e", "u", "view", 1)])


def test_a_full_inbox_turns_away() -> None:
    asyncio.run(_full_inbox())


async def _grouped() -> list[int]:
    sizes: list[int] = []

    def write(events: Any) -> list[Verdict]:
        sizes.append(len(events))
        return [Verdict.ACCEPTED for _ in events]

    inbox = Inbox(write)
    await asyncio.gather(*(inbox.put([Event(f"e{n}", "u", "view", 1)]) for n in range(50)))
    await inbox.close()
    return sizes


def test_what_waits_is_written_in_one_transaction() -> None:
    assert asyncio.run(_grouped()) == [50]


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


def test_hot_events_are_answered_as_by_the_route(api: Api) -> None:
    routes = FastAPI()
    events.register(routes, api.service)
    body = {"batch": [{**SHORT, "message_id": "twice"}, {**SHORT, "event": "dance"}]}
    assert api.client.post("/v1/events", json=body).json()["accepted"] == 1
    hot = api.client.post("/v1/events", json=body)
    routed = TestClient(routes).post("/v1/events", json=body)
    assert hot.json() == routed.json()
    assert hot.headers["cache-control"] == routed.headers["cache-control"]
