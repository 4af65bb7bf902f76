"""Segment's routes: as its SDKs call them."""

from __future__ import annotations

import gzip
import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.messages.events import CallsAnswer
from api.requests.events import is_machine
from recsys.data.times import HOUR, moment
from recsys.storage.users.live_state import LiveState
from recsys.storage.users.profiles import Profiles
from tests.api.conftest import NOON, Api, running
from tests.worlds import World

VIEW: dict[str, Any] = {"event": "Product Viewed", "properties": {"product_id": "i03"}}


def called(api: Api, route: str, body: Any, **headers: str) -> CallsAnswer:
    response = api.client.post(f"/v1/{route}", json=body, headers=headers)
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.content, type=CallsAnswer)


def answer(api: Api, user: str) -> dict[str, Any]:
    found = api.client.get(f"/v1/users/{user}").json()
    return {k: v for k, v in found.items() if k not in {"recommendation_id", "user_id"}}


def times(api: Api) -> list[int]:
    since = api.service.current.serving.watermark
    return [at for (at,) in api.service.log.database.read(
        "SELECT at FROM events WHERE seq > ? ORDER BY seq", (since,))]  # fmt: skip


def test_a_track_call_is_an_event(api: Api) -> None:
    body = {**VIEW, "userId": "fresh", "messageId": "m1"}
    assert called(api, "track", body).accepted == 1
    assert called(api, "track", body).duplicate == 1
    assert answer(api, "fresh")["rung"] == "hyper"


def test_a_batch_has_a_verdict_for_each_call(api: Api) -> None:
    batch = [
        {"type": "track", "anonymousId": "a7", **VIEW},
        {"type": "identify", "userId": "fresh", "traits": {"country": "France"}},
        {"type": "alias", "previousId": "a7", "userId": "fresh"},
        {"type": "page", "userId": "fresh", "name": "Home"},
        {"type": "group", "userId": "fresh", "groupId": "g"},
        {"type": "track", "userId": "fresh", "event": "dance"},
    ]
    told = called(api, "batch", {"batch": batch})
    assert [one.verdict for one in told.events] == ["accepted"] * 3 + ["rejected"] * 3
    assert [one.code for one in told.events[3:]] == ["unused_event"] * 2 + ["unknown_kind"]
    assert told.success
    assert not called(api, "batch", {"batch": [*batch, {"type": "track", **VIEW}]}).success
    assert answer(api, "fresh")["rung"] == "hyper"


@pytest.mark.parametrize("route", ["page", "screen", "group"])
def test_what_is_understood_and_used_by_no_model_is_no_failure(api: Api, route: str) -> None:
    call = {"userId": "fresh", "name": "Home"}
    for told in (
        called(api, route, call),
        called(api, "batch", {"batch": [{**call, "type": route}]}),
        called(api, "track", {"userId": "fresh", "event": "Products Searched"}),
    ):
        assert (told.success, told.rejected, told.events[0].code) == (True, 1, "unused_event")
    assert times(api) == []
    nobody = api.client.post(f"/v1/{route}", json={"name": "Home"})
    assert (nobody.status_code, nobody.json()["code"]) == (422, "missing_user_id")


@pytest.mark.parametrize("route", ["page", "screen"])
def test_a_page_about_an_item_is_a_view(api: Api, route: str) -> None:
    body = {"userId": "fresh", "properties": {"product_id": "i03", "url": "/i03"}}
    assert called(api, route, body).accepted == 1
    assert answer(api, "fresh")["rung"] == "hyper"


def test_a_lone_bad_call_is_a_problem(api: Api) -> None:
    for route, code in (("track", "missing_user_id"), ("alias", "missing_previous_id")):
        body = {"userId": "a"} if route == "alias" else {**VIEW}
        response = api.client.post(f"/v1/{route}", json=body)
        assert (response.status_code, response.json()["code"]) == (422, code)
        needs = "every event" if route == "track" else "an alias"
        assert response.json()["reason"].endswith(f"; {needs} needs one")
    assert api.client.post("/v1/batch", json={"userId": "a"}).status_code == 422


def test_an_alias_of_a_known_user_costs_itself_only(api: Api) -> None:
    asked = {"consents": [{"purpose": "profiling", "state": "granted"}]}
    assert api.client.put("/v1/users/u03/consent", json=asked).status_code == 200
    batch = [
        {"type": "alias", "previousId": "u03", "userId": "attacker"},
        {"type": "track", "userId": "fresh", **VIEW},
    ]
    told = called(api, "batch", {"batch": batch})
    assert [one.verdict for one in told.events] == ["rejected", "accepted"]
    assert told.events[0].code == "known_user"
    response = api.client.post("/v1/alias", json=batch[0])
    assert (response.status_code, response.json()["code"]) == (422, "known_user")


def test_a_batch_that_is_too_large_is_refused(api: Api) -> None:
    body: dict[str, Any] = {"batch": [{"type": "track", "userId": "a", "note": "x" * 150_000}]}
    assert api.client.post("/v1/batch", json=body).status_code == 413
    body = {"batch": [{"type": "track", "userId": "a", **VIEW, "context": {"note": "x" * 33_000}}]}
    told = called(api, "batch", body)
    assert told.events[0].code == "too_large"


def test_a_wrong_clock_is_corrected_by_when_the_call_was_sent(api: Api) -> None:
    wrong = NOON - 500 * HOUR
    event = {**VIEW, "userId": "a", "timestamp": moment(wrong - 2 * HOUR).isoformat()}
    sent = moment(wrong).isoformat()
    called(api, "track", {**event, "sentAt": sent})
    called(api, "batch", {"batch": [{"type": "track", **event}], "sentAt": sent})
    called(api, "track", {**event, "sentAt": sent, "receivedAt": moment(wrong).isoformat()})
    called(api, "track", event)
    assert times(api) == [NOON - 2 * HOUR] * 2 + [wrong - 2 * HOUR] * 2


def test_a_clock_years_ahead_loses_no_event(api: Api) -> None:
    ahead = NOON + 20_000 * HOUR
    event = {**VIEW, "userId": "a", "timestamp": moment(ahead).isoformat()}
    assert api.client.post("/v1/track", json=event).json()["code"] == "future_time"
    called(api, "track", {**event, "sentAt": moment(ahead + HOUR).isoformat()})
    assert times(api) == [NOON - HOUR]


AGENTS = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": True,
    "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/120.0": True,
    "facebookexternalhit/1.1": True,
    "curl/8.5.0": True,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0 Safari/537.36": False,
    "Mozilla/5.0 (Linux; Android 9; CUBOT X19) Chrome/86.0 Mobile Safari/537.36": False,
    "": False,
}


@pytest.mark.parametrize("agent", AGENTS)
def test_machines_are_known_by_their_agent(agent: str) -> None:
    assert is_machine({"context": {"userAgent": agent}}) is AGENTS[agent]


def test_what_a_machine_did_is_kept_but_changes_no_answer(api: Api) -> None:
    bot = {"context": {"userAgent": "AhrefsBot/7.0"}}
    assert called(api, "track", {**VIEW, "userId": "fresh", **bot}).accepted == 1
    assert called(api, "track", {**VIEW, "userId": "fresh", "machine": True}).accepted == 1
    assert answer(api, "fresh")["rung"] == "popular"
    assert len(times(api)) == 2


ACTS = st.lists(
    st.tuples(
        st.sampled_from([f"i{n:02}" for n in range(12)]),
        st.sampled_from(["view", "cart", "purchase"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@given(acts=ACTS, known=st.booleans())
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_after_an_alias_the_answer_is_that_of_the_merged_history(
    api: Api, acts: list[tuple[str, str, bool]], known: bool
) -> None:
    number = times(api).__len__()
    merged, user, phone = (f"{name}{number}" for name in ("merged", "user", "phone"))
    if known:
        merged = user = "u03"
    for place, (item, kind, by_phone) in enumerate(acts):
        event = {"event": kind, "item_id": item, "timestamp": (NOON - HOUR) // 1_000_000 + place}
        called(
            api, "track", {**event, **({"anonymousId": phone} if by_phone else {"userId": user})}
        )
        if not known:
            called(api, "track", {**event, "userId": merged})
    called(api, "alias", {"previousId": phone, "userId": user})
    if known:
        assert answer(api, phone) == answer(api, "u03")
    else:
        assert answer(api, user) == answer(api, merged) == answer(api, phone)


SIGN_IN = {"anonymousId": "anon", "userId": "ann", "traits": {"country": "France"}}


@pytest.mark.parametrize("route", ["identify", "batch"])
def test_who_signs_in_has_the_anonymous_history_at_once(either: World, route: str) -> None:
    call = {**SIGN_IN, "type": "identify"}
    for api in running(either):
        called(api, "track", {**VIEW, "anonymousId": "anon"})
        assert answer(api, "ann")["rung"] == "popular"
        called(api, route, {"batch": [call]} if route == "batch" else call)
        assert answer(api, "ann")["rung"] == "hyper"
        assert answer(api, "ann") == answer(api, "anon")
        assert Profiles(api.service.log.database).users()["ann"] == ({"country": "France"}, "")


def test_what_an_anonymous_id_does_after_signing_in_is_the_users(either: World) -> None:
    for api in running(either):
        called(api, "identify", SIGN_IN)
        called(api, "track", {**VIEW, "anonymousId": "anon"})
        assert answer(api, "ann")["rung"] == "hyper"


def test_signing_in_again_changes_nothing(either: World) -> None:
    for api in running(either):
        called(api, "track", {**VIEW, "anonymousId": "anon"})
        called(api, "identify", SIGN_IN)
        last = api.service.log.last_seq()
        called(api, "batch", {"batch": [{**SIGN_IN, "type": "identify"}] * 2})
        assert api.service.log.last_seq() == last


def test_two_people_who_sign_in_on_one_device_are_not_made_one(api: Api) -> None:
    called(api, "track", {**VIEW, "anonymousId": "anon"})
    called(api, "identify", SIGN_IN)
    called(api, "identify", {**SIGN_IN, "userId": "ben"})
    assert answer(api, "ann")["rung"] == "hyper"
    assert answer(api, "ben")["rung"] == "segment"
    assert LiveState(api.service.log.database).of("ben", since=0, at=NOON).live == ()


@given(acts=ACTS)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_signing_in_is_the_same_as_an_alias(api: Api, acts: list[tuple[str, str, bool]]) -> None:
    number = len(times(api))
    for place, (item, kind, anonymous) in enumerate(acts):
        event = {"event": kind, "item_id": item, "timestamp": (NOON - HOUR) // 1_000_000 + place}
        for way in ("signs", "joins"):
            said, who = ("anonymousId", "anon") if anonymous else ("userId", "user")
            called(api, "track", {**event, said: f"{who}-{way}-{number}"})
    signs, joins = f"user-signs-{number}", f"user-joins-{number}"
    called(api, "identify", {"userId": signs, "anonymousId": f"anon-signs-{number}"})
    called(api, "alias", {"userId": joins, "previousId": f"anon-joins-{number}"})
    assert answer(api, signs) == answer(api, joins)


def test_a_user_is_spelled_in_a_path_as_in_an_event(api: Api) -> None:
    called(api, "track", {**VIEW, "userId": " 17850.0", "messageId": "m1"})
    for path in ("17850", "17850.0", "%2017850%20"):
        found = api.client.get(f"/v1/users/{path}").json()
        assert (found["user_id"], found["rung"]) == ("17850", "hyper")


def test_a_body_of_several_gzips_is_read_whole(api: Api) -> None:
    said = json.dumps({**VIEW, "userId": "fresh"}).encode()
    body = gzip.compress(said[:20]) + gzip.compress(said[20:])
    packed = {"content-encoding": "gzip"}
    assert api.client.post("/v1/track", content=body, headers=packed).json()["accepted"] == 1
    more = api.client.post("/v1/track", content=gzip.compress(said) + b"more", headers=packed)
    assert more.status_code == 422


def test_a_parameter_that_is_said_twice_is_refused(api: Api) -> None:
    ask = "/v1/users/u03/recommendations?limit=2&limit="
    assert api.client.get(ask + "2").status_code == 200
    twice = api.client.get(ask + "3")
    assert (twice.status_code, twice.json()["parameter"]) == (422, "limit")
