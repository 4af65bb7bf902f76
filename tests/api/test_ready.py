"""Answers that are kept are those that would be made."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.answers.memory import Known
from api.messages.message import dump
from recsys.data.times import DAY, HOUR, SECOND
from tests.api.conftest import NOON, Api
from tests.worlds import USERS

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


def test_what_happened_since_training_is_weighed_anew_each_time(api: Api) -> None:
    api.client.post("/v1/events", json={"user_id": "u03", "item_id": "i03", "event": "view"})
    for _ in range(2):
        assert api.client.get("/v1/users/u03/recommendations").json()["rung"] == "hyper"
    at = api.service.clock()
    known = api.service.memory.of("u03", since=api.service.current.serving.watermark, at=at)
    assert not known.ready
