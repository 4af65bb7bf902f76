"""Placements over HTTP: saved, shown to somebody and to anybody, and never what must not be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recsys.storage.decisions.lists import ListLog
from recsys.storage.users.profiles import ItemFacts, Profiles
from tests.api.conftest import Api
from tests.worlds import DENIED

HOME = {"pins": [{"item_id": "i30", "rank": 1}], "limit": 4}


def put(api: Api, name: str, **said: Any) -> None:
    answer = api.client.put(f"/v1/placements/{name}", json=said)
    assert answer.status_code == 200, answer.text


def items(api: Api, name: str = "default", **query: Any) -> dict[str, Any]:
    answer = api.client.get(f"/v1/placements/{name}/items", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in answer["items"]]


def test_what_is_put_is_told_listed_and_shown_at_once(api: Api) -> None:
    answer = api.client.put("/v1/placements/home", json=HOME).json()
    assert (answer["version"], answer["in_force"], answer["rules"]["limit"]) == (1, True, 4)
    assert api.client.put("/v1/placements/home", json=HOME).json() == answer
    assert api.client.get("/v1/placements/home").json() == answer
    listed = api.client.get("/v1/placements").json()["placements"]
    assert [one["placement"] for one in listed] == ["default", "home"]
    shown = items(api, "home", user_id="u05")
    assert (shown["placement"], shown["version"], len(shown["items"])) == ("home", 1, 4)
    assert (shown["items"][0]["item_id"], shown["items"][0]["rules"]) == ("i30", ["pins[0]"])


def test_the_default_mixes_and_says_its_share(api: Api) -> None:
    shown = items(api, user_id="u05", limit=10)
    assert shown["bought_percent"] == 30.0
    assert [("repeats" in item["rules"]) for item in shown["items"]].count(True) == 3
    assert shown["rung"] == "one_to_one"


def test_a_list_for_anybody_is_the_same_bytes_and_may_be_cached(api: Api) -> None:
    first = api.client.get("/v1/placements/default/items?limit=3")
    api.clock.at += 5_000_000
    second = api.client.get("/v1/placements/default/items?limit=3")
    assert first.content == second.content
    assert first.headers["cache-control"].startswith("public, max-age=60")
    assert first.json()["user_id"] is None
    assert first.json()["bought_percent"] is None
    assert {step["reason"] for step in first.json()["trail"]} <= {"served", "no_segment"}
    etag = {"If-None-Match": first.headers["etag"]}
    unchanged = api.client.get("/v1/placements/default/items?limit=3", headers=etag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    put(api, "default", limit=2)
    changed = api.client.get("/v1/placements/default/items?limit=3", headers=etag)
    assert changed.status_code == 200


def test_a_list_for_somebody_is_kept_by_nobody(api: Api) -> None:
    answer = api.client.get("/v1/placements/default/items?user_id=u05")
    assert answer.headers["cache-control"] == "private, no-store"
    assert "etag" not in answer.headers


def test_anybody_in_a_segment_gets_its_list(api: Api) -> None:
    segment = api.client.get("/v1/segments").json()["items"][0]["name"]
    assert items(api, segment=segment)["user_id"] is None
    answer = api.client.get("/v1/placements/default/items?segment=rfm:nobody")
    assert answer.status_code == 404


def test_who_denied_profiling_gets_no_list_of_their_own(api: Api) -> None:
    shown = items(api, user_id=DENIED)
    assert shown["rung"] in {"segment", "popular"}
    assert shown["bought_percent"] == 0.0


def test_an_item_that_is_sold_out_meanwhile_is_shown_no_more(api: Api) -> None:
    put(api, "home", **HOME)
    assert ids(items(api, "home"))[0] == "i30"
    Profiles(api.service.log.database).put_items([ItemFacts("i30", available=False)])
    api.service.placing.current.catch_up(api.service.current.serving)
    assert "i30" not in ids(items(api, "home"))


def test_attributes_that_were_imported_can_be_asked_for_without_training(api: Api) -> None:
    rule = {"filter": {"field": "brand", "op": "eq", "value": "Ours"}, "fill": False}
    refused = api.client.put("/v1/placements/ours", json=rule)
    assert refused.status_code == 422
    assert "placement.filter.field is 'brand'" in refused.json()["detail"]
    facts = [ItemFacts(item, attributes={"brand": "Ours"}) for item in ("i03", "i07")]
    Profiles(api.service.log.database).put_items(facts)
    put(api, "ours", **rule)
    assert sorted(ids(items(api, "ours", user_id="u05"))) == ["i03", "i07"]


def test_out_of_its_time_a_placement_shows_nothing_and_says_so(api: Api) -> None:
    put(api, "sale", until="2020-01-01T00:00:00Z")
    shown = items(api, "sale", user_id="u05")
    assert (shown["items"], shown["version"], shown["rung"]) == ([], None, None)
    assert shown["notes"] == ["no version of this placement is in force now"]


def test_items_at_hand_start_what_goes_together(api: Api) -> None:
    put(api, "cart", source="together")
    shown = items(api, "cart", item="i00,i03", limit=5)
    assert {int(item[1:]) % 3 for item in ids(shown)} == {0}
    assert not {"i00", "i03"} & {*ids(shown)}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/placements/nope", None, 404),
        ("GET", "/v1/placements/nope/items", None, 404),
        ("GET", "/v1/placements/nope/results", None, 404),
        ("GET", "/v1/placements/default/items?limit=0", None, 422),
        ("GET", "/v1/placements/default/items?limits=3", None, 422),
        ("GET", "/v1/placements/default/items?cursor=x", None, 422),
        ("GET", "/v1/placements/default/results?days=0", None, 422),
        ("PUT", "/v1/placements/home", {"limits": 3}, 422),
        ("PUT", "/v1/placements/-home", {}, 422),
        ("PUT", "/v1/placements/home", [], 422),
    ],
)
def test_what_cannot_be_is_a_problem(
    shared_api: Api, method: str, path: str, body: Any, status: int
) -> None:
    answer = shared_api.client.request(
        method, path, content=json.dumps(body) if body is not None else None
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_shown_is_kept_by_its_id(api: Api) -> None:
    shown = items(api, user_id="u05")
    anybody = [items(api)["recommendation_id"] for _ in range(2)]
    assert anybody[0] == anybody[1]
    api.client.portal.call(api.service.placing.close)  # type: ignore[union-attr]
    log = ListLog(api.service.log.database)
    for one in (shown["recommendation_id"], anybody[0]):
        kept = log.get(one)
        assert kept is not None
        assert [item["item_id"] for item in kept.items]
    found = log.get(shown["recommendation_id"])
    assert found is not None
    assert (found.user_id, found.rung, found.placement_id) == ("u05", "one_to_one", "default")
    assert [item["item_id"] for item in found.items] == ids(shown)


EXPLORING = {"source": "personal", "limit": 8, "explore": {"percent": 25, "tail": 6}}


def test_drawn_places_have_their_probability_in_the_answer_and_in_the_log(api: Api) -> None:
    plain, exploring = {**EXPLORING, "explore": None}, EXPLORING
    put(api, "plain", **plain)
    put(api, "drawn", **exploring)
    sure = ids(items(api, "plain", user_id="u05"))
    seen: set[str] = set()
    for _ in range(12):
        api.clock.at += 1_000_000
        shown = items(api, "drawn", user_id="u05")
        draw, listed = shown["explored"], shown["items"]
        assert (len(draw["ranks"]), len(draw["among"])) == (2, 8)
        assert draw["among"][:2] == [sure[rank - 1] for rank in draw["ranks"]]
        for item, usual in zip(listed, sure, strict=True):
            drawn = item["rank"] in draw["ranks"]
            assert item["pscore"] == (1 / 8 if drawn else 1.0)
            assert ("explore" in item["rules"]) == drawn
            assert item["item_id"] in draw["among"] if drawn else item["item_id"] == usual
        seen.update(listed[rank - 1]["item_id"] for rank in draw["ranks"])
    assert len(seen) > 3
    assert all(item["pscore"] is None for item in items(api, "plain", user_id="u05")["items"])
    api.client.portal.call(api.service.placing.close)  # type: ignore[union-attr]
    kept = ListLog(api.service.log.database).get(shown["recommendation_id"])
    assert kept is not None
    assert [item["pscore"] for item in kept.items] == [item["pscore"] for item in listed]
    assert kept.head["explored"] == draw


@pytest.mark.parametrize(
    "query", [{}, {"user_id": DENIED}, {"user_id": "u05", "force_rung": "popular"}]
)
def test_nothing_is_drawn_for_anybody_who_denies_profiling_or_what_is_forced(
    api: Api, query: dict[str, Any]
) -> None:
    put(api, "drawn", **EXPLORING)
    first = items(api, "drawn", **query)
    api.clock.at += 1_000_000
    assert first["explored"] is None
    assert ids(first) == ids(items(api, "drawn", **query))


@pytest.mark.parametrize(
    "explore", [{"percent": 0}, {"percent": 51}, {"percent": 10, "tail": 0}, {"tail": 5}, 10]
)
def test_a_share_that_cannot_be_drawn_is_refused(api: Api, explore: Any) -> None:
    answer = api.client.put("/v1/placements/drawn", json={"explore": explore})
    assert answer.status_code == 422
    assert "placement.explore" in answer.text
    capped = {**EXPLORING, "caps": {"category": 2}}
    assert "explore or caps" in api.client.put("/v1/placements/drawn", json=capped).text
