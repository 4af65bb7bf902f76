"""Answers that are kept are those that would be made."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.answers.memory import Known
from api.app import create_app
from api.messages.message import dump
from recsys.data.times import DAY, HOUR, SECOND
from tests.api.conftest import NOON, Api, SetClock
from tests.worlds import USERS, World, configured

KINDS = ("recommendations", "everything")


def told(body: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = msgspec.json.decode(body)
    del answer["recommendation_id"], answer["generated_at"]
    return answer


@settings(deadline=None, max_examples=40)
@given(
    user=st.sampled_from([*USERS[:8], "nobody"]),
    kind=st.sampled_from(KINDS),
    steps=st.lists(
        st.sampled_from([1, SECOND, 900 * SECOND, HOUR, 7 * HOUR, DAY, 40 * DAY]), max_size=6
    ),
)
def test_whenever_it_is_asked_again_the_answer_is_as_it_would_be_made(
    shared_api: Api, user: str, kind: str, steps: list[int]
) -> None:
    service, at = shared_api.service, NOON
    desk, serving, query = service.desk, service.current.serving, service.reader.query(b"")
    for step in (0, *steps):
        at += step
        kept = getattr(desk, f"{kind}_ready")(serving, user, query, at=at)
        made = dump(getattr(desk, kind)(serving, user, query, at=at))
        assert told(kept) == told(made)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_made_once_with_another_id_and_time_each_time(api: Api, kind: str) -> None:
    service = api.service
    serving, query = service.current.serving, service.reader.query(b"")
    first, second = (
        getattr(service.desk, f"{kind}_ready")(serving, "u03", query, at=NOON + n) for n in (0, 9)
    )
    assert told(first) == told(second)
    assert first != second
    known: Known = service.memory.of("u03", since=serving.watermark, at=NOON + 9)
    assert len(known.ready) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_happened_since_training_is_weighed_anew_after_some_seconds(
    api: Api, kind: str
) -> None:
    service, view = api.service, {"user_id": "u03", "item_id": "i03", "event": "view"}
    serving, query = service.current.serving, service.reader.query(b"")
    api.client.post("/v1/events", json=view)

    def asked(seconds: float) -> dict[str, Any]:
        at = NOON + int(seconds * SECOND)
        return told(getattr(service.desk, f"{kind}_ready")(serving, "u03", query, at=at))

    first = asked(0)
    assert first["rung"] == "hyper"
    assert asked(9.9) == first
    anew = asked(10)
    assert anew != first
    api.client.post("/v1/events", json={**view, "item_id": "i07"})
    assert asked(10.1) != anew


def test_it_is_weighed_anew_for_every_request_where_no_seconds_are_allowed(world: World) -> None:
    with TestClient(create_app(configured(world.folder, live_seconds=0), clock=SetClock())) as on:
        on.post("/v1/events", json={"user_id": "u03", "item_id": "i03", "event": "view"})
        service = on.app.service  # type: ignore[attr-defined]
        assert on.get("/v1/users/u03/recommendations").json()["rung"] == "hyper"
        since = service.current.serving.watermark
        assert not service.memory.of("u03", since=since, at=service.clock()).ready
