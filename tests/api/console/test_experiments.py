"""Experiments on pages: planned by a form, started, decided, and read where it counts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from recsys.data.times import DAY, HOUR
from recsys.experiments.experiment import read
from recsys.storage.access import audit
from recsys.storage.access.accounts import Role
from recsys.storage.experiments.participants import ParticipantLog
from tests.api.conftest import Api, running
from tests.api.console.conftest import Enter
from tests.api.test_experiments import run
from tests.api.test_holdout import with_holdout
from tests.recsys.experiments.cases import TWO_PLACEMENTS, stepping
from tests.recsys.storage.experiments.cases import bought, part
from tests.worlds import World
from training.demo import experiment as simulated

HEADERS = {"Sec-Fetch-Site": "same-origin"}
FORM = {
    "tries": "step_down", "name": "each-rung", "kind": "purchase", "measure": "value",
    "mde": "500", "share": "50", "days": "28",
}  # fmt: skip


def counted(api: Api, browser: TestClient) -> None:
    """Wait until what pages show was counted anew."""
    api.clock.at += HOUR
    for _ in range(200):
        browser.get("/console")
        figures = api.service.console._counting.latest(at=api.clock())  # type: ignore[union-attr]
        if figures is not None and figures.hour == api.clock() // HOUR:
            return
        time.sleep(0.05)
    raise AssertionError("nothing was counted")


def act(browser: TestClient, what: str, of: str, **form: str) -> Any:
    return browser.post(
        f"/console/experiments/{what}?experiment={of}",
        data=form, headers=HEADERS, follow_redirects=False,
    )  # fmt: skip


def test_an_experiment_is_planned_by_a_form_that_says_how_long_it_takes(
    api: Api, enter: Enter
) -> None:
    admin = enter(Role.ADMIN)
    form = admin.get("/console/experiments", params=FORM)
    assert "This can be decided." in form.text
    saved = admin.post("/console/experiments/plan", data=FORM, headers=HEADERS)
    assert saved.url.path == "/console/experiments"
    assert api.service.experiments.store.get("each-rung").experiment.epsilon == 0.5
    assert act(admin, "start", "each-rung").status_code == 303
    assert [one.experiment_id for one in api.service.experiments.running] == ["each-rung"]
    assert act(admin, "stop", "each-rung", name="each-rung").status_code == 422
    assert act(admin, "stop", "each-rung", name="each-rung", why="a test").status_code == 303
    said = {"name": "each-rung", "why": "a test", "variant": "kept"}
    assert act(admin, "decide", "each-rung", **said).status_code == 303
    assert api.service.experiments.store.get("each-rung").note == "kept"
    lines = [one.subject for one in audit.entries(api.service.log.database)]
    assert "each-rung stopped: a test" in lines


def test_what_eight_weeks_do_not_decide_cannot_be_saved(api: Api, enter: Enter) -> None:
    admin, small = enter(Role.ADMIN), {**FORM, "mde": "0.1", "share": "1"}
    assert "Eight weeks do not decide this" in admin.get("/console/experiments", params=small).text
    refused = admin.post("/console/experiments/plan", data=small, headers=HEADERS)
    assert refused.status_code == 409
    assert api.service.experiments.store.all() == {}


@pytest.mark.parametrize(
    ("tries", "more"),
    [
        ("items", {"other": "popular"}),
        ("interleave", {"other": "popular", "placement": "default"}),
        ("channel", {"other": "email"}),
        ("model", {"other": "20200101-000000000000"}),
        ("placement", {"other": "tea", "placement": "default"}),
    ],
)
def test_each_thing_that_may_be_tried_has_its_own_form(
    api: Api, enter: Enter, tries: str, more: dict[str, str]
) -> None:
    api.client.put("/v1/placements/tea", json={"limit": 4})
    said = {**FORM, "share": "100", "tries": tries, **more}
    admin = enter(Role.ADMIN)
    assert "Days it takes" not in admin.get(f"/console/experiments?tries={tries}").text
    form = admin.get("/console/experiments", params=said)
    assert form.status_code == 200, form.text
    told = "Days it takes" if tries != "interleave" else "Nobody did this lately"
    assert told in form.text


@pytest.mark.parametrize("wrong", [{"tries": "x"}, {"mde": "much"}, {"days": "9"}, {"name": "a b"}])
def test_a_form_that_makes_no_sense_is_refused_in_words(
    enter: Enter, wrong: dict[str, str]
) -> None:
    refused = enter(Role.ADMIN).get("/console/experiments", params={**FORM, **wrong})
    assert refused.status_code == 422


def test_only_an_admin_changes_experiments(api: Api, enter: Enter) -> None:
    run(api, "home-test", TWO_PLACEMENTS)
    analyst = enter(Role.ANALYST)
    assert "Plan an experiment" not in analyst.get("/console/experiments").text
    for what in ("plan", "start", "stop", "decide"):
        assert act(analyst, what, "home-test", name="home-test", why="x").status_code == 403
    page = analyst.get("/console/experiments?experiment=home-test").text
    assert "Which variant won?" not in page


def test_what_rungs_add_online_is_on_the_ladder_with_its_interval(api: Api, enter: Enter) -> None:
    run(api, "down", stepping(epsilon=0.5))
    since, people, events = api.clock(), [], []
    for number in range(600):
        variant, user = ("stepped", "kept")[number % 2], f"p{number}"
        people.append(part(user, variant, since, experiment_id="down"))
        if number % 10 < (7 if variant == "kept" else 2):
            events.append(bought(user, since + HOUR, 10.0))
    ParticipantLog(api.service.log.database).append(people)
    api.service.log.append(events, now=since)
    api.clock.at += 8 * DAY
    viewer = enter(Role.VIEWER)
    counted(api, viewer)
    rows = viewer.get("/console/ladder/online.json").json()
    report = api.client.get("/v1/experiments/down/report").json()
    assert [row["lift"]["value"] for row in rows] == [
        one["lift"]["value"] for one in report["rungs"] if one["lift"]["value"] is not None
    ]
    assert report["rungs"][0]["past"] is None
    assert 'href="/console/experiments?experiment=down"' in viewer.get("/console/ladder").text


def test_a_simulated_experiment_says_so_wherever_it_is_shown(api: Api, enter: Enter) -> None:
    world = replace(simulated.USUAL, people=600)
    simulated.run(api.service.log.database, until=api.clock(), world=world)
    api.service.experiments.catch_up()
    viewer = enter(Role.VIEWER)
    counted(api, viewer)
    for page in ("ladder", f"experiments?experiment={simulated.NAME}"):
        assert "It is no measurement." in viewer.get(f"/console/{page}").text
    (row,) = viewer.get("/console/experiments/experiments.json").json()
    assert (row["experiment"], row["simulated"]) == (simulated.NAME, "yes")
    assert row["found"] in {"waiting", "worse", "better", "no_data"}


@pytest.fixture
def held(world: World) -> Iterator[Api]:
    yield from running(replace(world, config=with_holdout(world.config)))


def test_home_says_what_all_of_it_is_worth_to_who_is_not_held_out(
    held: Api, enter_held: Enter
) -> None:
    key = held.service.experiments.holdout
    assert key is not None
    about = {"experiment_id": key.experiment_id, "version": key.version}
    since, people, events = held.clock(), [], []
    for number in range(400):
        variant, user = ("held_out", "answered")[number % 2], f"p{number}"
        people.append(part(user, variant, since, **about))
        events += [
            bought(user, since + 1 + n, 10.0) for n in range(1 + (number % 4 == 1)) if number % 3
        ]
    ParticipantLog(held.service.log.database).append(people)
    held.service.log.append(events, now=since)
    viewer = enter_held(Role.VIEWER)
    counted(held, viewer)
    rows = viewer.get("/console/home/holdout.json").json()
    assert rows[0]["metric"] == "purchase value"
    assert rows[0]["treated"] > rows[0]["control"]
    assert "Nobody is held out" not in viewer.get("/console").text


def test_home_warns_of_a_rung_that_lost_and_of_what_cannot_be_read(api: Api, enter: Enter) -> None:
    api.service.experiments.store.remove("hyper", "it lost", at=api.clock())
    run(api, "home-test", TWO_PLACEMENTS)
    people = [part(f"p{n}", "tea" if n % 4 else "as_is", api.clock()) for n in range(400)]
    ParticipantLog(api.service.log.database).append(people)
    viewer = enter(Role.VIEWER)
    counted(api, viewer)
    home = viewer.get("/console").text
    assert "A rung lost online and is taken out." in home
    assert "An experiment cannot be read." in home


def test_the_holdout_cannot_be_stopped_by_a_page(held: Api, enter_held: Enter) -> None:
    admin = enter_held(Role.ADMIN)
    assert admin.get("/console/experiments?experiment=holdout").status_code == 200
    assert act(admin, "stop", "holdout", name="holdout", why="x").status_code == 409


def test_an_experiment_of_the_api_is_read_by_its_own_words(api: Api, enter: Enter) -> None:
    said = read(TWO_PLACEMENTS)
    api.service.experiments.store.plan("home-test", said, at=api.clock())
    page = enter(Role.VIEWER).get("/console/experiments?experiment=home-test").text
    assert "planned" in page


def test_the_form_offers_only_what_can_be_told_apart(api: Api, enter: Enter) -> None:
    admin = enter(Role.ADMIN)
    page = admin.get("/console/experiments").text
    assert "Some people get one rung less" in page
    assert "or those of another?" not in page
    assert "or another?" not in page
    form = admin.get("/console/experiments?tries=step_down").text
    assert 'value="purchase"' in form
    assert 'value="message_failed"' not in form
    same = {**FORM, "tries": "placement", "placement": "default", "other": "default"}
    refused = admin.get("/console/experiments", params=same)
    assert "another placement than the one it is tried at" in refused.text
