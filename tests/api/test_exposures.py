"""Impressions and clicks: counted once, by placement and rung, and what came of them."""

from __future__ import annotations

from typing import Any

import pytest

from recsys.data.times import HOUR
from recsys.storage.events.event import Event
from tests.api.conftest import Api


def shown(api: Api, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.client.get("/v1/placements/default/items", params=query).json()
    return found


def say(api: Api, *events: dict[str, Any]) -> dict[str, Any]:
    answer = api.client.post("/v1/events", json={"batch": events})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def about(answer: dict[str, Any], place: int, event: str = "impression", **more: Any) -> Any:
    item = answer["items"][place]
    return {
        "user_id": answer["user_id"] or "visitor",
        "event": event,
        "recommendation_id": answer["recommendation_id"],
        "item_id": item["item_id"],
        "rank": item["rank"],
        **more,
    }


def results(api: Api, placement: str = "default") -> list[dict[str, Any]]:
    api.client.portal.call(api.service.placing.close)  # type: ignore[union-attr]
    found: list[dict[str, Any]] = api.client.get(f"/v1/placements/{placement}/results").json()[
        "results"
    ]
    return found


def test_what_was_seen_clicked_and_bought_is_told_by_rung(api: Api) -> None:
    answer = shown(api, user_id="u05", limit=3)
    assert say(api, *(about(answer, n) for n in range(3)))["accepted"] == 3
    say(api, about(answer, 1, "click"))
    at = api.clock.at + HOUR
    clicked = answer["items"][1]["item_id"]
    bought = Event("b", "u05", "purchase", at, item_id=clicked, value=9.5)
    api.service.log.append([bought], now=at)
    api.clock.at = at
    (found,) = results(api)
    assert found == {
        "rung": "one_to_one", "version": 0, "lists": 1, "impressions": 3, "clicks": 1,
        "seen_lists": 1, "clicked_lists": 1,
        "same_item": {"purchases": 1, "value": 9.5}, "any_item": {"purchases": 1, "value": 9.5},
    }  # fmt: skip


def test_an_item_is_seen_once_and_said_twice_is_a_duplicate(api: Api) -> None:
    answer = shown(api, user_id="u05", limit=3)
    assert [e["verdict"] for e in say(api, about(answer, 0), about(answer, 0))["events"]] == [
        "accepted", "duplicate",
    ]  # fmt: skip


def test_a_click_is_a_look_at_the_item_as_well(api: Api) -> None:
    answer = shown(api, user_id="new-visitor", limit=3)
    say(api, about(answer, 2, "Product Clicked"))
    after = shown(api, user_id="new-visitor", limit=3)
    assert after["rung"] == "hyper"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"recommendation_id": ""}, "missing_recommendation_id"),
        ({"item_id": ""}, "missing_item"),
        ({"machine": True}, "unused_event"),
        ({"item_id": "", "products": 3}, "bad_product"),
    ],
)
def test_what_says_nothing_of_a_list_is_rejected_with_a_reason(
    api: Api, more: dict[str, Any], code: str
) -> None:
    answer = shown(api, user_id="u05", limit=3)
    found = say(api, about(answer, 0) | more)
    assert (found["rejected"], found["events"][0]["code"]) == (1, code)


def test_a_click_of_a_machine_is_no_click(api: Api) -> None:
    answer = shown(api, user_id="u05", limit=3)
    assert say(api, about(answer, 0, "click", machine=True))["accepted"] == 1
    assert [found["clicks"] for found in results(api)] == [0]


def test_several_items_are_seen_at_once_as_products(api: Api) -> None:
    answer = shown(api, user_id="u05", limit=3)
    event = about(answer, 0) | {"item_id": "", "products": [i["item_id"] for i in answer["items"]]}
    assert say(api, event)["accepted"] == 1
    assert results(api)[0]["impressions"] == 3


def test_the_figures_are_in_the_metrics_by_placement_and_rung(api: Api) -> None:
    answer = shown(api, user_id="u05", limit=3)
    api.client.portal.call(api.service.placing.close)  # type: ignore[union-attr]
    say(api, about(answer, 0), about(answer, 1), about(answer, 0, "click"))
    page = api.client.get("/metrics").text
    rung = 'placement="default",rung="one_to_one"'
    assert f"recsys_placement_lists_total{{{rung}}} 1.0" in page
    seen = 'recsys_placement_exposures_total{kind="%s",' + rung + "}"
    assert f"{seen % 'impression'} 2.0" in page
    assert f"{seen % 'click'} 1.0" in page


def test_nothing_of_an_erased_user_is_counted(api: Api) -> None:
    answer = shown(api, user_id="u05", limit=3)
    api.client.delete("/v1/users/u05")
    assert say(api, about(answer, 0))["events"][0]["code"] == "erased_user"
