"""Experiments on live answers: who gets which, what the trail says, and who is noted."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from recsys.bundle import Bundle
from recsys.data.person import PersonKind
from recsys.data.times import DAY
from recsys.experiments.draw import WEEK
from recsys.experiments.experiment import read
from recsys.ladder import KindVerdict, Question, RungName, Standing, Verdict
from recsys.storage.experiments.participants import COLUMNS, ParticipantLog
from recsys.storage.models.store import ModelStore
from recsys.storage.users import merges
from tests.api.conftest import Api
from tests.recsys.experiments.cases import PURCHASE, TWO_PLACEMENTS, stepping
from tests.recsys.storage.experiments.cases import bought, part
from tests.worlds import DENIED, END

KNOWN = [f"u{number:02}" for number in range(40)]


def run(api: Api, name: str, said: dict[str, Any]) -> None:
    store = api.service.experiments.store
    store.plan(name, read(said), at=api.clock(), salt=name)
    store.start(name, at=api.clock())
    api.service.experiments.catch_up()


def noted(api: Api) -> list[dict[str, Any]]:
    api.service.experiments.flush()
    rows = api.service.log.database.read(f"SELECT {COLUMNS} FROM participants ORDER BY seq")  # noqa: S608
    return [dict(zip(COLUMNS.split(", "), row, strict=True)) for row in rows]


def ask(api: Api, user: str) -> dict[str, Any]:
    answer: dict[str, Any] = api.client.get(f"/v1/users/{user}/recommendations").json()
    return answer


def two_placements(api: Api) -> None:
    api.client.put("/v1/placements/home", json={"limit": 4})
    pins = [{"item_id": "i30", "rank": 1}]
    api.client.put("/v1/placements/tea", json={"limit": 4, "pins": pins})
    run(api, "home-test", TWO_PLACEMENTS)


def test_each_variant_of_a_placement_shows_its_own_list(api: Api) -> None:
    two_placements(api)
    for user in KNOWN[:12]:
        shown = api.client.get(f"/v1/placements/home/items?user_id={user}").json()
        assert shown["placement"] == "home"
        first = shown["items"][0]["rules"]
        row = next((one for one in noted(api) if one["sent_as"] == user), None)
        if user == DENIED:
            assert row is None
        elif row is not None:
            assert (row["variant"] == "tea") == (first == ["pins[0]"])
            assert row["list_id"] == shown["recommendation_id"]
    assert {one["variant"] for one in noted(api)} == {"as_is", "tea"}


def test_an_answer_for_anybody_is_in_no_experiment(api: Api) -> None:
    two_placements(api)
    api.client.get("/v1/placements/home/items")
    assert noted(api) == []


def test_a_person_is_noted_once_and_keeps_the_variant_after_a_restart(api: Api) -> None:
    two_placements(api)
    for _ in range(3):
        api.client.get("/v1/placements/home/items?user_id=u05")
    (row,) = noted(api)
    again = api.service.experiments.store.all()["home-test"].running
    assert again is not None
    assert again.drawn("u05", api.clock()) == row["variant"]


def test_a_step_down_is_said_in_the_trail_and_noted_with_its_pscore(api: Api) -> None:
    run(api, "down", stepping(epsilon=0.5))
    rungs = {user: ask(api, user) for user in KNOWN}
    rows = {one["sent_as"]: one for one in noted(api)}
    stepped = [user for user, row in rows.items() if row["variant"] == "stepped"]
    assert stepped
    for user in stepped:
        reasons = {step["rung"]: step["reason"] for step in rungs[user]["trail"]}
        assert reasons[rows[user]["rung"]] == "stepped_down"
        assert rungs[user]["rung"] != rows[user]["rung"]
        assert rows[user]["pscore"] == 0.5
    kept = next(user for user, row in rows.items() if row["variant"] == "kept")
    assert rungs[kept]["rung"] == rows[kept]["rung"]


def test_a_step_is_about_the_rung_that_serves_where_a_higher_one_lost(api: Api) -> None:
    before = ask(api, "u05")["rung"]
    api.service.experiments.store.remove(before, "it lost", at=api.clock())
    run(api, "down", stepping(epsilon=0.5))
    for user in KNOWN:
        ask(api, user)
    rungs = {row["rung"] for row in noted(api)}
    assert rungs
    assert before not in rungs


def test_whoever_is_at_the_bottom_anyway_is_no_part_of_a_step(api: Api) -> None:
    run(api, "down", stepping(epsilon=0.5))
    assert ask(api, "nobody-knows")["rung"] in {"popular", "segment"}
    assert all(row["rung"] != "popular" for row in noted(api))


def test_another_week_is_another_draw(api: Api) -> None:
    run(api, "down", stepping(epsilon=0.5))
    for _ in range(6):
        ask(api, "u05")
        api.clock.at += WEEK
    assert len({row["period"] for row in noted(api)}) == 6
    assert {row["variant"] for row in noted(api)} == {"kept", "stepped"}


def test_a_ceiling_is_said_and_only_those_above_it_are_noted(api: Api) -> None:
    variants = [
        {"name": "all", "weight": 0.5},
        {"name": "low", "weight": 0.5, "ceiling": "popular"},
    ]
    run(api, "cut", {"over": "items", "variants": variants, "primary": PURCHASE})
    answers = {user: ask(api, user) for user in KNOWN}
    for row in noted(api):
        answer = answers[row["sent_as"]]
        if row["variant"] == "low":
            assert answer["rung"] == "popular"
            assert "ceiling" in {step["reason"] for step in answer["trail"]}
        else:
            assert answer["rung"] == row["rung"]


def test_a_merge_keeps_the_variant_that_was_had_first(api: Api) -> None:
    two_placements(api)
    running = api.service.experiments.running[0]
    before = next(f"d{n}" for n in range(99) if running.drawn(f"d{n}", 0) == "tea")
    after = next(f"p{n}" for n in range(99) if running.drawn(f"p{n}", 0) == "as_is")
    api.client.get(f"/v1/placements/home/items?user_id={before}")
    noted(api)
    merges.merge(api.service.log.database, before, after, at=api.clock())
    for asked in (before, after):
        shown = api.client.get(f"/v1/placements/home/items?user_id={asked}").json()
        assert shown["items"][0]["rules"] == ["pins[0]"]
    assert {(row["user_id"], row["variant"]) for row in noted(api)} == {(after, "tea")}
    merges.unmerge(api.service.log.database, before, at=api.clock())
    assert before in {row["user_id"] for row in noted(api)}


def test_who_denied_profiling_is_in_no_experiment(api: Api) -> None:
    run(api, "down", stepping(epsilon=0.5))
    ask(api, DENIED)
    assert noted(api) == []


def test_a_rung_that_was_taken_out_is_asked_by_nobody(api: Api) -> None:
    assert ask(api, "u05")["rung"] == "one_to_one"
    api.service.experiments.store.remove("one_to_one", "it lost", at=api.clock())
    api.service.experiments.catch_up()
    answer = ask(api, "u05")
    assert answer["rung"] != "one_to_one"
    assert "taken_out" in {step["reason"] for step in answer["trail"]}
    api.service.experiments.store.restore("one_to_one", at=api.clock())
    api.service.experiments.catch_up()
    assert ask(api, "u05")["rung"] == "one_to_one"


def test_a_rung_that_loses_is_taken_out_by_the_service_itself(api: Api) -> None:
    assert ask(api, "u05")["rung"] == "one_to_one"
    run(api, "down", stepping(epsilon=0.5))
    since, people, events = api.clock(), [], []
    for number in range(800):
        variant, user = ("stepped", "kept")[number % 2], f"p{number}"
        people.append(part(user, variant, since, experiment_id="down"))
        if variant == "stepped" and number % 3:
            events.append(bought(user, since + number))
    ParticipantLog(api.service.log.database).append(people)
    api.service.log.append(events, now=since)
    assert api.service.experiments.settle(at=api.clock()) == {}
    api.clock.at += 28 * DAY
    for _ in range(200):
        if "one_to_one" in api.service.experiments.store.removed():
            break
        time.sleep(0.05)
    api.service.experiments.catch_up()
    assert ask(api, "u05")["rung"] != "one_to_one"


def test_forcing_a_rung_is_no_part_of_an_experiment(api: Api) -> None:
    run(api, "down", stepping(epsilon=0.5))
    for user in KNOWN[:8]:
        api.client.get(f"/v1/users/{user}/recommendations?force_rung=popular")
    assert noted(api) == []


def test_a_targeted_experiment_takes_only_its_segment(api: Api) -> None:
    segments = {row["segment"] for row in _noted_of_all(api, {})}
    wanted = min(segments)
    rows = _noted_of_all(api, {"segment": wanted})
    assert rows
    assert {row["segment"] for row in rows} == {wanted}


def _noted_of_all(api: Api, more: dict[str, Any]) -> list[dict[str, Any]]:
    name = "targeted" if more else "all"
    run(api, name, {**stepping(epsilon=0.5), **more})
    for user in KNOWN:
        ask(api, user)
    api.service.experiments.store.stop(name, at=api.clock())
    return [row for row in noted(api) if row["experiment_id"] == name]


def test_only_those_take_part_in_a_test_of_placements_whose_lists_differ(api: Api) -> None:
    api.client.put("/v1/placements/home", json={"limit": 1})
    first = {user: _first(api, "home", user) for user in KNOWN}
    usual = max(set(first.values()), key=list(first.values()).count)
    pins = [{"item_id": usual, "rank": 1}]
    api.client.put("/v1/placements/tea", json={"limit": 1, "pins": pins})
    run(api, "home-test", TWO_PLACEMENTS)
    for user in KNOWN:
        _first(api, "home", user)
    expected = {user for user, item in first.items() if item != usual and user != DENIED}
    assert expected
    assert {row["sent_as"] for row in noted(api)} == expected


def _first(api: Api, placement: str, user: str) -> str:
    shown = api.client.get(f"/v1/placements/{placement}/items?user_id={user}").json()
    return str(shown["items"][0]["item_id"])


def test_a_challenger_answers_its_share(api: Api) -> None:
    champion, challenger = api.service.current.version or "", _without_own_lists(api)
    _test_of_versions(api, challenger)
    versions = {user: ask(api, user)["model_version"] for user in KNOWN if user != DENIED}
    assert {*versions.values()} == {champion, challenger}
    rows = {row["sent_as"]: row["variant"] for row in noted(api)}
    assert rows
    for user, variant in rows.items():
        assert versions[user] == (champion if variant == "champion" else challenger)


def test_versions_that_answer_alike_have_nobody_to_compare(api: Api) -> None:
    _test_of_versions(api, api.service.current.version or "")
    for user in KNOWN[:6]:
        ask(api, user)
    assert noted(api) == []


def _without_own_lists(api: Api) -> str:
    """Register a version that has shipped no rung of items above popularity, and return it."""
    store = ModelStore.of(api.service.config.storage)
    bundle, manifest = store.load(api.service.current.version or "", Bundle)
    verdicts = manifest.verdicts[Question.ITEMS]
    out = {rung: replace(verdict, shipped=False) for rung, verdict in verdicts.items()}
    changed = replace(manifest, verdicts={**manifest.verdicts, Question.ITEMS: out})
    return store.register(bundle, changed, at=END)


def _test_of_versions(api: Api, model: str) -> None:
    variants = [
        {"name": "champion", "weight": 0.5},
        {"name": "challenger", "weight": 0.5, "model": model},
    ]
    run(api, "models", {"over": "model", "variants": variants, "primary": PURCHASE})


def test_what_the_champion_answers_alone_is_no_part_of_a_test_of_versions(api: Api) -> None:
    variants = [
        {"name": "champion", "weight": 0.5},
        {"name": "challenger", "weight": 0.5, "model": api.service.current.version or ""},
    ]
    run(api, "models", {"over": "model", "variants": variants, "primary": PURCHASE})
    for user in KNOWN[:6]:
        assert api.client.get(f"/v1/users/{user}").status_code == 200
        assert api.client.get(f"/v1/users/{user}/channel").status_code == 200
    assert not noted(api)


def test_an_experiment_is_planned_started_read_and_decided(api: Api) -> None:
    said = {"experiment_id": "down", **stepping(epsilon=0.5), "mde": 5.0}
    planned = api.client.post("/v1/experiments", json=said)
    assert planned.status_code == 200, planned.text
    assert planned.json()["forecast"]["decidable"]
    started = api.client.post("/v1/experiments/down/start").json()
    assert (started["status"], started["version"]) == ("running", 1)
    for user in KNOWN:
        ask(api, user)
    noted(api)
    found = api.client.get("/v1/experiments/down/report").json()
    assert sum(found["people"].values()) > 0
    assert found["state"] == "no_data"
    assert [one["role"] for one in found["compared"]] == ["primary"]
    assert api.client.post("/v1/experiments/down/stop").json()["status"] == "stopped"
    decided = api.client.post("/v1/experiments/down/decide", json={"variant": "kept"}).json()
    assert (decided["status"], decided["decided"]) == ("decided", "kept")
    (listed,) = api.client.get("/v1/experiments").json()["experiments"]
    assert (listed["experiment"], listed["status"]) == ("down", "decided")


def test_what_cannot_be_decided_is_refused_as_a_problem(api: Api) -> None:
    said = {"experiment_id": "tiny", **stepping(), "mde": 0.001}
    assert not api.client.post("/v1/experiments", json=said).json()["forecast"]["decidable"]
    refused = api.client.post("/v1/experiments/tiny/start")
    assert refused.status_code == 409
    assert "56 are the most" in refused.json()["detail"]
    assert api.client.get("/v1/experiments/tiny").json()["status"] == "planned"


def test_problems_of_experiments_have_their_own_status(api: Api) -> None:
    assert api.client.get("/v1/experiments/none/report").status_code == 404
    assert api.client.post("/v1/experiments/none/stop").status_code == 404
    named = {"experiment_id": "not a name", **stepping()}
    assert api.client.post("/v1/experiments", json=named).status_code == 422
    wrong = {"experiment_id": "x", **stepping(), "epsilon": 3}
    assert "epsilon" in api.client.post("/v1/experiments", json=wrong).json()["detail"]


def on_trial(api: Api, standing: Standing) -> None:
    """Let rung 3 stand so for people with a history, and let its trial run."""
    current = api.service.current
    answering = current.serving.answering
    own = KindVerdict(RungName.ONE_TO_ONE, None, 0.9, standing, "likely better")
    hyper = Verdict(
        RungName.HYPER, RungName.ONE_TO_ONE, "x", None, shipped=False, why="",
        by_kind={PersonKind.HISTORY: own},
    )  # fmt: skip
    items = replace(answering.items, verdicts={**answering.items.verdicts, RungName.HYPER: hyper})
    changed = replace(current.serving, answering=replace(answering, items=items))
    current._serving = changed
    trial = {"over": "step_up", "rung": "hyper", "trial": True, "epsilon": 0.5, "primary": PURCHASE}
    run(api, "trial-hyper", trial)


def click(api: Api, users: list[str]) -> None:
    batch = [{"user_id": user, "item_id": "i05", "event": "Product Viewed"} for user in users]
    assert api.client.post("/v1/events", json={"batch": batch}).json()["rejected"] == 0


def test_a_rung_on_trial_answers_a_half_and_says_so_with_its_pscore(api: Api) -> None:
    on_trial(api, Standing.TRIAL)
    users = [user for user in KNOWN if user != DENIED]
    click(api, users)
    answers = {user: ask(api, user) for user in users}
    rows = {row["sent_as"]: row for row in noted(api)}
    assert {row["variant"] for row in rows.values()} == {"kept", "stepped"}
    for user, row in rows.items():
        top = answers[user]["trail"][0]
        assert row["pscore"] == 0.5
        if row["variant"] == "stepped":
            assert (top["rung"], top["reason"]) == ("hyper", "served")
            assert "on trial for a random half" in top["detail"]
        else:
            assert (top["rung"], top["reason"]) == ("hyper", "on_trial")
            assert answers[user]["rung"] == "one_to_one"


def test_a_rung_that_won_its_trial_answers_everybody_whom_it_was_tried_on(api: Api) -> None:
    on_trial(api, Standing.TRIAL)
    api.service.experiments.store.decide("trial-hyper", "stepped", at=api.clock())
    api.service.experiments.catch_up()
    click(api, KNOWN[:6])
    for user in KNOWN[:6]:
        top = ask(api, user)["trail"][0]
        assert (top["rung"], top["reason"]) == ("hyper", "served")
        assert "shown online" in top["detail"]


def test_nobody_takes_part_in_the_trial_of_a_rung_that_is_out(api: Api) -> None:
    on_trial(api, Standing.OUT)
    click(api, KNOWN[:6])
    assert {ask(api, user)["trail"][0]["reason"] for user in KNOWN[:6]} == {"not_shipped"}
    assert noted(api) == []


def interleaving(api: Api) -> None:
    api.client.put("/v1/placements/home", json={"limit": 8})
    variants = [
        {"name": "popular", "weight": 0.5, "ceiling": "popular"},
        {"name": "all", "weight": 0.5},
    ]
    said = {"over": "interleave", "placement": "home", "variants": variants, "mde": 0.5}
    run(api, "rankers", said)


def test_two_rankers_share_a_list_and_each_item_has_its_team(api: Api) -> None:
    interleaving(api)
    shown = api.client.get("/v1/placements/home/items?user_id=u05").json()
    teams = shown["interleaved"]["teams"]
    assert shown["interleaved"]["experiment"] == "rankers"
    assert set(teams.values()) == {"popular", "all"}
    assert set(teams) <= {one["item_id"] for one in shown["items"]}
    assert len({one["item_id"] for one in shown["items"]}) == len(shown["items"]) == 8
    counts = [[*teams.values()].count(name) for name in ("popular", "all")]
    assert abs(counts[0] - counts[1]) <= 1
    assert [row["variant"] for row in noted(api)] == ["drafted"]
    assert api.client.get("/v1/placements/home/items").json()["interleaved"] is None


def test_clicks_tell_which_ranker_people_prefer(api: Api) -> None:
    interleaving(api)
    asked = 0
    for user in KNOWN:
        shown = api.client.get(f"/v1/placements/home/items?user_id={user}").json()
        teams = (shown["interleaved"] or {"teams": {}})["teams"]
        liked = next((item for item, team in teams.items() if team == "all"), None)
        if liked is not None:
            asked += 1
            click = {"event": "click", "recommendation_id": shown["recommendation_id"]}
            said = {"batch": [{**click, "item_id": liked, "user_id": user}]}
            assert api.client.post("/v1/events", json=said).json()["accepted"] == 1
    api.client.portal.call(api.service.placing.close)  # type: ignore[union-attr]
    rows = noted(api)
    api.clock.at += DAY
    found = api.client.get("/v1/experiments/rankers/report").json()
    (row,) = found["compared"]
    assert (row["variant"], row["control"], row["treated"]) == ("all", 0.0, 1.0)
    assert row["absolute"]["value"] == 1.0
    assert found["people"]["drafted"] == len(rows) == asked > 10
