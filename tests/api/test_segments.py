"""Segments over HTTP: what each is like, small ones suppressed, and who is where."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from api.messages import groups as groups_
from api.messages.groups import SegmentAnswer, SegmentsAnswer
from api.messages.users import SegmentItemsAnswer, UserAnswer
from recsys.data.times import DAY
from recsys.segments.groups import Portrait
from recsys.storage.events.event import Event
from tests.api.conftest import NOON, Api
from tests.worlds import DENIED, ONCE, USERS


def test_segments_have_names_and_figures(shared_api: Api) -> None:
    response = shared_api.client.get("/v1/segments")
    answer = msgspec.json.decode(response.content, type=SegmentsAnswer)
    france = next(each for each in answer.items if each.name == "country:France")
    assert france.users == len(USERS[::2])
    assert france.revenue_share is not None
    assert 0.3 < france.revenue_share < 0.7
    assert {each.name.split(":")[0] for each in answer.items} == {"rfm", "lifecycle", "country"}
    assert response.headers["cache-control"] == "public, max-age=60"


def test_segments_say_that_they_count_who_denied_profiling_too(shared_api: Api) -> None:
    for path in ("/v1/segments", "/v1/segments/country:France"):
        counted = shared_api.client.get(path).json()["counted"]
        assert counted.startswith("all users of the training data, whether they allow profiling")
    body = {"segment": "country:France"}
    found = shared_api.client.post("/v1/audiences:preview", json=body).json()
    assert found["counted"].startswith("known users who allow profiling now")
    size = shared_api.client.get("/v1/segments/country:France").json()["users"]
    assert found["users"] == size - (DENIED in USERS[::2])


def test_every_user_who_ordered_is_in_one_stage_of_life(shared_api: Api) -> None:
    groups = shared_api.service.current.serving.answering.bundle.groups
    stages = [p.users for p in groups.portraits if p.name.startswith("lifecycle:")]
    assert sum(stages) == len(USERS) + 1
    assert groups.transitions.sum(0).tolist() == stages


def test_segments_of_fewer_than_20_users_are_suppressed(shared_api: Api) -> None:
    groups = shared_api.service.current.serving.answering.bundle.groups
    small = next(p for p in groups.portraits if 0 < p.users < 20)
    answer = shared_api.client.get(f"/v1/segments/{small.name}")
    segment = msgspec.json.decode(answer.content, type=SegmentAnswer)
    assert segment.suppressed
    assert (segment.users, segment.churn, segment.revenue_share) == (None, None, None)


def test_why_there_are_no_clusters_is_said(shared_api: Api) -> None:
    assert "at least 200 needed" in shared_api.client.get("/v1/segments").json()["no_clusters"]


def test_an_unknown_segment_is_named_with_those_there_are(shared_api: Api) -> None:
    problem = shared_api.client.get("/v1/segments/rfm:heroes")
    assert problem.status_code == 404
    assert "rfm:champions" in problem.text


def test_a_segment_gets_its_list_and_may_be_cached(shared_api: Api) -> None:
    response = shared_api.client.get("/v1/segments/country%3AFrance/recommendations?limit=5")
    answer = msgspec.json.decode(response.content, type=SegmentItemsAnswer)
    assert answer.rung == "segment"
    assert len(answer.items) == 5
    assert [step.rung for step in answer.trail] == ["segment"]
    assert response.headers["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize("name", ["lifecycle:churned", "rfm:empty"])
def test_a_segment_that_rung_1_does_not_know_gets_what_is_popular(
    shared_api: Api, name: str
) -> None:
    if name == "rfm:empty":
        items = shared_api.client.get("/v1/segments").json()["items"]
        name = next(segment["name"] for segment in items if segment["users"] == 0)
    answer = shared_api.client.get(f"/v1/segments/{name}/recommendations").json()
    assert len(answer["items"]) == 10
    assert answer["rung"] == "popular"
    assert [(step["rung"], step["reason"]) for step in answer["trail"]] == [
        ("segment", "no_segment"),
        ("popular", "served"),
    ]
    assert name in answer["trail"][0]["detail"]


def test_a_user_is_told_where_the_user_is_now(api: Api) -> None:
    before = member(api, ONCE)
    assert before.membership.rfm is not None
    assert before.membership.lifecycle in {"new", "dormant"}
    back = Event("back", "stranger", "purchase", NOON - 1, item_id="i03", value=9.0)
    api.service.log.append([back], now=NOON)
    assert member(api, "stranger").membership.lifecycle == "new"


def test_who_comes_back_after_long_is_resurrected_at_once(api: Api) -> None:
    period = api.service.current.serving.answering.bundle.groups.period_days
    api.clock.at = NOON + 3 * period * DAY
    assert member(api, "u03").membership.lifecycle == "churned"
    back = Event("back", "u03", "purchase", api.clock.at, item_id="i03", value=9.0)
    api.service.log.append([back], now=api.clock.at)
    assert member(api, "u03").membership.lifecycle == "resurrected"


def test_whoever_denied_profiling_is_in_no_segment_by_behaviour(shared_api: Api) -> None:
    membership = member(shared_api, DENIED).membership
    assert (membership.rfm, membership.lifecycle, membership.cluster) == (None, None, None)
    assert membership.cohorts == []


def test_a_count_is_told_from_20_on_and_none_is_none() -> None:
    assert [groups_.count(users) for users in (0, 1, 19, 20)] == [0, None, None, 20]


def test_each_figure_is_suppressed_by_its_own_count(shared_api: Api) -> None:
    answering = shared_api.service.current.serving.answering
    portrait = Portrait("rfm:new", 40, 0.1, 0.5, 20, 0.25, 19)
    shown = groups_.segment(portrait, answering)
    assert shown["churn"] == 0.5
    assert shown["repurchase"] is None
    many = dataclasses.replace(portrait, repurchase_users=20)
    assert groups_.segment(many, answering)["repurchase"] == 0.25
    idle = dataclasses.replace(portrait, churn_users=19)
    assert groups_.segment(idle, answering)["churn"] is None


def member(api: Api, user: str) -> UserAnswer:
    return msgspec.json.decode(api.client.get(f"/v1/users/{user}").content, type=UserAnswer)
