"""Answers about a user."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from urllib.parse import quote
from uuid import UUID

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from api.answers.answer import Desk
from api.answers.gather import BLIND, Gather
from api.answers.memory import UserMemory
from api.messages.churn import Churn, ChurnReason
from api.messages.message import Message, dump
from api.messages.users import BatchAnswer, ChannelAnswer, ChurnAnswer, ItemsAnswer, UserAnswer
from recsys.churn.bands import Bands
from recsys.churn.risk import ChurnRisk, RiskReason
from recsys.errors import StoreUnavailable
from recsys.ladder import Climb, Reason, RungName, Step
from tests.api.conftest import Api, running
from tests.worlds import DENIED, EMOJI, GONE, ITEMS, ONCE, SLASH, World, taste

MODELS: dict[str, type[Message]] = {
    "": UserAnswer,
    "/recommendations": ItemsAnswer,
    "/channel": ChannelAnswer,
    "/churn": ChurnAnswer,
}


@pytest.mark.parametrize("path", MODELS)
@pytest.mark.parametrize("user", ["u03", DENIED, "nobody", ONCE])
def test_the_bytes_fit_the_declared_model(shared_api: Api, path: str, user: str) -> None:
    response = shared_api.client.get(f"/v1/users/{user}{path}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    msgspec.json.decode(response.content, type=MODELS[path])


def test_known_user_gets_one_to_one_with_reasons(shared_api: Api) -> None:
    answer = shared_api.client.get("/v1/users/u03/recommendations?limit=3").json()
    assert answer["rung"] == "one_to_one"
    assert [step["rung"] for step in answer["trail"]] == ["hyper", "one_to_one"]
    assert [step["reason"] for step in answer["trail"]] == ["no_live_events", "served"]
    assert [item["rank"] for item in answer["items"]] == [1, 2, 3]
    liked = [place for place, item in enumerate(ITEMS) if place % 3 == taste(3)]
    assert {item["item_id"] for item in answer["items"]} <= {ITEMS[place] for place in liked}
    assert all("you bought" in reason for item in answer["items"] for reason in item["reasons"])


def test_unknown_user_gets_popular_items(shared_api: Api) -> None:
    answer = shared_api.client.get("/v1/users/nobody/recommendations").json()
    assert answer["rung"] == "popular"
    assert len(answer["items"]) == 10
    assert answer["items"][0]["reasons"][0].startswith("bought by ")


def test_unknown_user_with_a_known_trait_gets_the_segment(shared_api: Api) -> None:
    url = "/v1/users/nobody"
    for said in ("country=France", "trait=France"):
        answer = shared_api.client.get(f"{url}?{said}").json()
        assert answer["rung"] == "segment"
        assert answer["segment"] == "country:France"


@pytest.mark.parametrize("path", MODELS)
def test_denied_profiling_ends_at_the_segment_for_every_question(
    shared_api: Api, path: str
) -> None:
    answer = shared_api.client.get(f"/v1/users/{DENIED}{path}").json()
    climbs = [part for part in (answer, answer.get("channel"), answer.get("churn")) if part]
    climbs = [climb for climb in climbs if "rung" in climb]
    assert climbs
    for climb in climbs:
        assert climb["rung"] in {"popular", "segment"}
        reasons = {step["rung"]: step["reason"] for step in climb["trail"]}
        assert reasons.get("one_to_one") in {"no_consent", "not_shipped"}
        assert reasons.get("hyper") in {"no_consent", "not_shipped"}


def test_forcing_a_rung_does_not_get_round_consent(shared_api: Api) -> None:
    answer = shared_api.client.get(f"/v1/users/{DENIED}/recommendations?force_rung=hyper").json()
    assert answer["rung"] == "popular"
    assert answer["trail"][0]["reason"] == "no_consent"


def test_a_forced_rung_is_asked_and_said(shared_api: Api) -> None:
    answer = shared_api.client.get("/v1/users/u03/recommendations?force_rung=segment").json()
    assert answer["rung"] == "segment"
    assert answer["notes"][0].startswith("force_rung is for experiments")


@pytest.mark.parametrize("user", [SLASH, EMOJI])
@pytest.mark.parametrize("path", MODELS)
def test_any_utf8_id_works_when_percent_encoded(shared_api: Api, user: str, path: str) -> None:
    answer = shared_api.client.get(f"/v1/users/{quote(user, safe='')}{path}").json()
    assert answer["user_id"] == user


def test_an_address_is_one_id_however_it_is_written_where_that_is_set(world: World) -> None:
    data = world.config.data.model_copy(update={"lower_case_emails": True})
    lower = replace(world, config=world.config.model_copy(update={"data": data}))
    spelled, own = "ANN@shop.EXAMPLE", "ann@shop.example"
    for api in running(lower):
        assert api.client.get(f"/v1/users/{spelled}").json()["user_id"] == own
        both = api.client.post("/v1/recommendations:batch", json={"user_ids": [spelled]}).json()
        assert both["answers"][0]["user_id"] == own
    for api in running(world):
        assert api.client.get(f"/v1/users/{spelled}").json()["user_id"] == spelled


@pytest.mark.parametrize("user", [SLASH, EMOJI])
def test_slash_and_emoji_users_are_the_known_ones(shared_api: Api, user: str) -> None:
    url = f"/v1/users/{quote(user, safe='')}/recommendations"
    assert shared_api.client.get(url).json()["rung"] == "one_to_one"


def test_an_encoded_slash_does_not_lead_to_another_route(shared_api: Api) -> None:
    answer = shared_api.client.get("/v1/users/u03%2Frecommendations").json()
    assert answer["user_id"] == "u03/recommendations"
    assert "churn" in answer


@pytest.mark.parametrize(
    "encoded", ["%00", "%FF", "a" * 600, "%ED%A0%80"], ids=["nul", "latin", "long", "surrogate"]
)
def test_ids_that_are_no_text_are_refused(shared_api: Api, encoded: str) -> None:
    response = shared_api.client.get(f"/v1/users/{encoded}/recommendations")
    assert response.status_code == 422
    assert response.json()["parameter"] == "user_id"


def test_personal_answers_are_never_cached(shared_api: Api) -> None:
    response = shared_api.client.get("/v1/users/u03/recommendations")
    assert response.headers["cache-control"] == "private, no-store"


def test_recommendation_ids_are_distinct_and_sort_by_time(shared_api: Api) -> None:
    found = [shared_api.client.get("/v1/users/u03").json()["recommendation_id"] for _ in range(3)]
    assert len(set(found)) == 3
    assert {UUID(one).version for one in found} == {7}


def test_without_explaining_there_are_no_reasons_and_no_trail(shared_api: Api) -> None:
    answer = shared_api.client.get("/v1/users/u03/recommendations?explain=false").json()
    assert answer["trail"] == []
    assert all(item["reasons"] == [] for item in answer["items"])
    assert answer["rung"] == "one_to_one"


def test_items_without_a_price_have_null(shared_api: Api) -> None:
    answer = shared_api.client.get("/v1/users/nobody/recommendations?limit=100").json()
    prices = {item["item_id"]: item["price"] for item in answer["items"]}
    assert prices["i38"] is None
    assert prices["i00"] == 0.5


@settings(deadline=None, max_examples=60)
@given(
    user=st.sampled_from(["u03", "nobody", DENIED, SLASH]),
    limit=st.integers(1, 100),
    excluded=st.lists(st.sampled_from([*ITEMS, "no such item"]), max_size=45),
    commas=st.booleans(),
)
def test_never_more_than_asked_nor_anything_excluded(
    shared_api: Api, user: str, limit: int, excluded: list[str], *, commas: bool
) -> None:
    said = [",".join(excluded)] if commas else excluded
    url = f"/v1/users/{quote(user, safe='')}/recommendations"
    answer = shared_api.client.get(url, params={"limit": limit, "exclude": said}).json()
    ids = [item["item_id"] for item in answer["items"]]
    assert len(ids) == min(limit, len({*ITEMS} - {*excluded, GONE}))
    assert len(set(ids)) == len(ids)
    assert not {*ids} & {*excluded, GONE}
    assert [item["rank"] for item in answer["items"]] == list(range(1, len(ids) + 1))
    for above, below in pairwise(answer["items"]):
        assert above["rung"] != below["rung"] or above["score"] >= below["score"]


def test_everything_excluded_is_an_empty_answer_not_an_error(shared_api: Api) -> None:
    url = f"/v1/users/u03/recommendations?exclude={','.join(ITEMS)}"
    response = shared_api.client.get(url)
    assert response.status_code == 200
    assert response.json()["items"] == []
    assert response.json()["rung"] is None


def test_a_batch_answers_in_the_order_given(shared_api: Api) -> None:
    users = ["u03", "nobody", "u03", SLASH]
    response = shared_api.client.post(
        "/v1/recommendations:batch", json={"user_ids": users, "limit": 2, "exclude": ["i00"]}
    )
    answer = msgspec.json.decode(response.content, type=BatchAnswer)
    assert [one.user_id for one in answer.answers] == users
    assert {len(one.items) for one in answer.answers} == {2}
    assert len({one.model_version for one in answer.answers}) == 1


def test_batch_and_single_answers_are_the_same(shared_api: Api) -> None:
    body = {"user_ids": ["u05"], "limit": 7, "country": "France", "explain": True}
    many = shared_api.client.post("/v1/recommendations:batch", json=body).json()["answers"][0]
    one = shared_api.client.get("/v1/users/u05/recommendations?limit=7&country=France").json()
    many["recommendation_id"] = one["recommendation_id"]
    assert many == one


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, "user_ids"),
        ({"user_ids": []}, "user_ids"),
        ({"user_ids": "u03"}, "user_ids"),
        ({"user_ids": [3]}, "user_ids"),
        ({"user_ids": ["u03", ""]}, "user_ids"),
        ({"user_ids": ["u"] * 1_001}, "user_ids"),
        ({"user_ids": ["u03"], "limit": 0}, "limit"),
        ({"user_ids": ["u03"], "limit": "many"}, "limit"),
        ({"user_ids": ["u03"], "limit": [1]}, "limit"),
        ({"user_ids": ["u03"], "exclude": "i00"}, "exclude"),
    ],
)
def test_a_wrong_batch_names_the_parameter(
    shared_api: Api, body: dict[str, object], parameter: str
) -> None:
    response = shared_api.client.post("/v1/recommendations:batch", json=body)
    assert response.status_code == 422
    assert response.json()["parameter"] == parameter
    assert response.json()["allowed"]


class Unreachable:
    """A store that cannot be read."""

    def version(self) -> int:
        raise StoreUnavailable("disk I/O error")


def test_without_the_store_nobody_is_profiled_and_the_answer_says_so(api: Api) -> None:
    service = api.service
    told = {"metrics": service.metrics, "logger": service.logger}
    memory = UserMemory(None, Unreachable(), 0)  # type: ignore[arg-type]
    gather = Gather(memory, **told)  # type: ignore[arg-type]
    service.desk = Desk(gather, experiments=service.experiments, **told)  # type: ignore[arg-type]
    answer = api.client.get("/v1/users/u00").json()
    assert answer["notes"] == [BLIND]
    assert answer["rung"] == "popular"
    assert answer["channel"]["best"] == "none"
    assert 'recsys_store_errors_total{operation="read"} 1.0' in api.client.get("/metrics").text


@settings(deadline=None, max_examples=60)
@given(user=st.text(min_size=1, max_size=40).filter(lambda t: not {*t} & {"\0", "\ufffd"}))
def test_every_text_is_a_user_id(shared_api: Api, user: str) -> None:
    assume(user not in {".", ".."} and not any("\ud800" <= c <= "\udfff" for c in user))
    url = f"/v1/users/{quote(user, safe='')}/recommendations?limit=1"
    response = shared_api.client.get(url)
    assert response.status_code == 200
    assert response.json()["user_id"] == user


@settings(deadline=None, max_examples=100)
@given(query=st.text(st.characters(codec="ascii"), max_size=40))
def test_no_query_string_is_an_error_of_ours(shared_api: Api, query: str) -> None:
    url = f"/v1/users/u03/recommendations?limit=2&{quote(query, safe='=&+%;,')}"
    assert shared_api.client.get(url).status_code in {200, 422}


def test_reasons_of_churn_are_words_with_their_weight() -> None:
    reason = RiskReason("recency", "last purchase 90 days ago", 0.8)
    risk = ChurnRisk.of((0.58, 0.5, 0.7), 80.0, 28, Bands(0.5, 0.25), (reason,), max_reasons=3)
    step = Step(RungName.ONE_TO_ONE, Reason.SERVED, "12 orders")
    answer = Churn.climbed(Climb(risk, step.rung, step.detail, (step,)), explain=True)
    read = msgspec.json.decode(dump(answer), type=Churn)
    assert (read.band, read.base_rate, read.pays_from) == ("medium", 0.5, 0.25)
    assert read.band_reason == "58% against 50% of all active users; an offer pays from 25%"
    assert answer.reasons == [ChurnReason("recency", "last purchase 90 days ago", 0.8)]


def test_repeats_are_excluded_or_alone_on_request(api: Api) -> None:
    bundle = api.client.get("/v1/users/u07/recommendations?limit=40&repeats=only").json()["items"]
    fresh = api.client.get("/v1/users/u07/recommendations?limit=40&repeats=exclude").json()["items"]
    had, new = ({item["item_id"] for item in items} for items in (bundle, fresh))
    assert had
    assert new
    assert not had & new


def test_a_category_is_capped_on_request_and_nonsense_is_named(api: Api) -> None:
    path = "/v1/users/u07/recommendations?per_category="
    assert api.client.get(f"{path}1").status_code == 200
    for nonsense in ("0", "-1", "two", ""):
        problem = api.client.get(f"{path}{nonsense}")
        assert problem.status_code == 422
        assert "per_category" in problem.text


def test_an_unknown_choice_of_repeats_is_named(api: Api) -> None:
    problem = api.client.get("/v1/users/u07/recommendations?repeats=maybe")
    assert problem.status_code == 422
    assert "allow, exclude, only" in problem.text


def test_what_is_in_the_cart_counts_and_is_not_in_the_answer(shared_api: Api) -> None:
    url = "/v1/users/nobody at all/recommendations"
    plain = shared_api.client.get(url).json()
    asked = shared_api.client.get(url, params={"cart": f"{ITEMS[0]},{ITEMS[1]}"}).json()
    assert not {ITEMS[0], ITEMS[1]} & {item["item_id"] for item in asked["items"]}
    assert plain["rung"] != asked["rung"] or plain["items"] != asked["items"]
    if asked["rung"] == "hyper":
        assert "2 in the cart" in asked["rung_reason"]


def test_reasons_are_told_in_the_language_that_is_asked_for(shared_api: Api) -> None:
    paths = ("/v1/users/u03", "/v1/users/u03/recommendations", "/v1/placements/default/items")
    for path in paths:
        query = {"lang": "de", "user_id": "u03"} if "placements" in path else {"lang": "de"}
        german = shared_api.client.get(path, params=query).json()["items"]
        english = shared_api.client.get(path, params={**query, "lang": ""}).json()["items"]
        told, said = ([r for item in items for r in item["reasons"]] for items in (german, english))
        assert any(" Sie " in reason for reason in told)
        assert len(told) == len(said)
        assert not {*told} & {*said}
        assert [item["item_id"] for item in german] == [item["item_id"] for item in english]
        assert not any(" Sie " in reason for item in english for reason in item["reasons"]), path
