"""Answers that are about nobody."""

from __future__ import annotations

import msgspec

from api.messages.users import SimilarAnswer
from tests.api.conftest import Api
from tests.worlds import GONE, ITEMS


def test_similar_items_share_the_taste(shared_api: Api) -> None:
    response = shared_api.client.get("/v1/items/i03/similar?limit=4")
    answer = msgspec.json.decode(response.content, type=SimilarAnswer)
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
