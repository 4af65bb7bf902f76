"""Events come in, and the next answer knows them."""

from __future__ import annotations

from tests.api.conftest import Api
from tests.api.sending import SHORT, logged, posted, rung

MANY = [f"i{n:02}" for n in (0, 3, 6)]


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


def test_without_the_store_events_are_turned_away_and_answers_go_on(api: Api) -> None:
    path = api.world.folder / "events.db"
    path.rename(path.with_suffix(".gone"))
    response = api.client.post("/v1/events", json=SHORT)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) >= 1
    assert "event store is unavailable" in response.json()["detail"]
    assert api.client.get("/v1/users/u03/recommendations").status_code == 200
