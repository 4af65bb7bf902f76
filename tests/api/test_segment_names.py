"""A segment's name means the same wherever one is given, and has a list or says why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from api.model.experiments import CurrentExperiments
from recsys.data.person import PersonKind
from recsys.ladder import KindVerdict, RungName, Standing
from recsys.storage.database.open import open_database
from recsys.storage.events.log import EventLog
from tests.api.conftest import Api, running
from tests.api.test_experiments import KNOWN, _noted_of_all
from tests.worlds import DENIED, USERS, World, train
from training.items.choice import ItemChoice
from training.items.tastes import TasteChoice


@pytest.fixture(scope="module", name="tasted")
def _tasted(built_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API on the shop whose rung 1 goes by three segments of taste."""
    world = built_world.copy(tmp_path_factory.mktemp("tasted"))
    log = EventLog(open_database(world.config.storage.url))
    version = train(world.config, log, items_by=ItemChoice(tastes=TasteChoice(3, 60.0, 5.0)))
    log.database.close()
    yield from running(replace(world, version=version))


def segments(api: Api) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in api.client.get("/v1/segments").json()["items"]}


def is_rfm(name: str) -> bool:
    return name.startswith("rfm:")


def listed(api: Api, name: str) -> dict[str, Any]:
    answer = api.client.get(f"/v1/segments/{name}/recommendations")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def step(answer: dict[str, Any]) -> tuple[str, str, str]:
    first = answer["trail"][0]
    return first["rung"], first["reason"], first["detail"]


def test_segments_of_taste_are_listed_with_size_and_list(tasted: Api) -> None:
    found = segments(tasted)
    tastes = {name: one for name, one in found.items() if name.startswith("taste:")}
    assert len(tastes) == 3
    assert sum(one["users"] for one in tastes.values()) == len(USERS) + 1
    assert all(one["own_list"] and one["no_list"] is None for one in tastes.values())
    assert all(one["typical"] and one["churn"] is None for one in tastes.values())
    name = next(iter(tastes))
    assert tasted.client.get(f"/v1/segments/{name}").json()["users"] == tastes[name]["users"]


def test_what_is_said_of_a_list_is_what_is_served(tasted: Api, shared_api: Api) -> None:
    for api in (tasted, shared_api):
        for name, said in segments(api).items():
            answer = listed(api, name)
            assert answer["rung"] == ("segment" if said["own_list"] else "popular"), name
            if not said["own_list"]:
                assert said["no_list"] in answer["rung_reason"]
                assert answer["rung_reason"].startswith("what is popular, for ")
                assert answer["trail"][0]["detail"] == said["no_list"]


def test_an_rfm_segment_says_that_tastes_took_its_place(tasted: Api, shared_api: Api) -> None:
    name = next(n for n, one in segments(shared_api).items() if is_rfm(n) and one["own_list"])
    answer = listed(tasted, name)
    why = f"lists are made for segments of taste and country, not for {name}"
    assert step(answer) == ("segment", "no_segment", why)


def test_a_segment_has_no_list_where_the_rung_was_not_shipped(api: Api) -> None:
    current = api.service.current
    answering = current.serving.answering
    name = next(n for n, one in segments(api).items() if is_rfm(n) and one["own_list"])
    verdict = answering.items.verdicts[RungName.SEGMENT]
    out = KindVerdict(RungName.POPULAR, None, None, Standing.OUT, "nobody new gains")
    of_new = replace(verdict, by_kind={PersonKind.NEW: out})
    for said, lists in ((of_new, (True, False)), (replace(of_new, shipped=False), (False, False))):
        verdicts = {**answering.items.verdicts, RungName.SEGMENT: said}
        ladder = replace(answering.items, verdicts=verdicts)
        current.swap(replace(current.serving, answering=replace(answering, items=ladder)))
        found = segments(api)
        assert (found[name]["own_list"], found["country:France"]["own_list"]) == lists
        for one in (name, "country:France"):
            assert listed(api, one)["rung"] == ("segment" if found[one]["own_list"] else "popular")
    said_of = step(listed(api, "country:France"))
    assert said_of == ("segment", "not_shipped", "nobody new gains")


def test_every_name_has_as_many_members_as_its_figures_say(tasted: Api) -> None:
    bundle = tasted.service.current.serving.answering.bundle
    families = {portrait.name.partition(":")[0] for portrait in bundle.portraits}
    assert families == {"rfm", "lifecycle", "country", "taste"}
    for portrait in bundle.portraits:
        assert len(bundle.members(portrait.name)) == portrait.users, portrait.name


def test_every_name_is_known_to_growth_audiences_and_placements(tasted: Api) -> None:
    for name in segments(tasted):
        for path in (
            f"/v1/growth/stickiness?segment={name}",
            f"/v1/growth/nps?segment={name}",
            f"/v1/placements/default/items?segment={name}",
        ):
            assert tasted.client.get(path).status_code == 200, path
        answer = tasted.client.post("/v1/audiences:preview", json={"segment": name})
        assert answer.status_code == 200, answer.text
        rule = {"rule": {"all": [{"segment": name}]}}
        assert tasted.client.post("/v1/audiences:preview", json=rule).status_code == 200


def test_who_is_in_a_segment_of_taste_is_found_by_it(tasted: Api) -> None:
    members = tasted.service.current.serving.answering.bundle.members
    for name in (one for one in segments(tasted) if one.startswith("taste:")):
        answer = tasted.client.post("/v1/audiences:preview", json={"segment": name}).json()
        assert answer["users"] == len(members(name) - {DENIED})
        like = {"like_segment": name, "users": 5}
        answer = tasted.client.post("/v1/audiences:likely", json=like)
        assert answer.status_code == 200, answer.text


def test_an_experiment_is_about_who_is_in_a_segment_of_any_kind(api: Api) -> None:
    found = {row["user_id"] for row in _noted_of_all(api, {"segment": "lifecycle:current"})}
    of_all = {u: api.client.get(f"/v1/users/{u}").json()["membership"] for u in KNOWN}
    assert found
    assert found <= {u for u, said in of_all.items() if said["lifecycle"] == "current"}
    assert len(found) < len({row["user_id"] for row in _noted_of_all(api, {})})
    experiments: CurrentExperiments = api.service.experiments
    assert not experiments.is_in("lifecycle:none", api.service.current.serving, _anybody(api))


def _anybody(api: Api) -> Any:
    query = api.service.reader.query(b"")
    return api.service.desk.person(api.service.current.serving, "u03", query, at=api.clock())[0]


def test_why_a_segment_has_no_list_is_said_in_the_language_of_the_reader(tasted: Api) -> None:
    german = tasted.client.get("/v1/segments?lang=de")
    name, said = next((o["name"], o) for o in german.json()["items"] if not o["own_list"])
    assert said["no_list"] == segments(tasted)[name]["no_list"]
    assert said["no_list_why"]["text"].startswith("Listen gibt es für Segmente")
    asked = tasted.client.get(f"/v1/segments/{name}", headers={"Accept-Language": "de-AT"})
    assert asked.json()["no_list_why"] == said["no_list_why"]
    assert "Accept-Language" in asked.headers["vary"]
