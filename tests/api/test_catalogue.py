"""Answers that are about nobody."""

from __future__ import annotations

from api.schemas import SegmentAnswer, SegmentsAnswer, SimilarAnswer
from tests.api.conftest import Api
from tests.worlds import GONE, ITEMS, USERS


def test_similar_items_share_the_taste(shared_api: Api) -> None:
    response = shared_api.client.get("/v1/items/i03/similar?limit=4")
    answer = SimilarAnswer.model_validate_json(response.content)
    assert [item.rank for item in answer.items] == [1, 2, 3, 4]
    assert {ITEMS.index(item.item_id) % 3 for item in answer.items} == {0}
    assert "i03" not in {item.item_id for item in answer.items}


def test_similar_items_leave_out_what_is_excluded_or_gone(shared_api: Api) -> None:
    url = "/v1/items/i03/similar?limit=100&exclude=i06&exclude=i09,i12"
    ids = {item["item_id"] for item in shared_api.client.get(url).json()["items"]}
    assert ids
    assert not ids & {"i06", "i09", "i12", GONE}


def test_an_item_nobody_took_has_no_similar_ones(shared_api: Api) -> None:
    answer = shared_api.client.get(f"/v1/items/{GONE}/similar").json()
    assert {item["item_id"] for item in answer["items"]} <= set(ITEMS)


def test_segments_have_names_and_sizes(shared_api: Api) -> None:
    response = shared_api.client.get("/v1/segments")
    answer = SegmentsAnswer.model_validate_json(response.content)
    sizes = {segment.name: segment.users for segment in answer.items}
    behavioural = sum(users for name, users in sizes.items() if name.startswith("rfm:"))
    assert behavioural == len(USERS) + 1
    assert sizes["country:France"] == len(USERS[::2])


def test_a_segment_gets_its_list_and_may_be_cached(shared_api: Api) -> None:
    response = shared_api.client.get("/v1/segments/country%3AFrance/recommendations?limit=5")
    answer = SegmentAnswer.model_validate_json(response.content)
    assert answer.rung == "segment"
    assert len(answer.items) == 5
    assert [step.rung for step in answer.trail] == ["segment"]
    assert response.headers["cache-control"] == "public, max-age=60"


def test_a_segment_without_users_gets_what_is_popular(shared_api: Api) -> None:
    sizes = shared_api.client.get("/v1/segments").json()["items"]
    empty = next(segment["name"] for segment in sizes if segment["users"] == 0)
    answer = shared_api.client.get(f"/v1/segments/{empty}/recommendations").json()
    assert len(answer["items"]) == 10
