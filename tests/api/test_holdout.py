"""The permanent holdout: who is in it, what they get, and what all of it is worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from recsys.config import Config
from recsys.data.times import HOUR
from recsys.errors import BadQuery
from recsys.experiments.experiment import checked_name
from recsys.storage.experiments import holdout
from tests.api.conftest import Api, running
from tests.api.test_experiments import KNOWN, ask, noted, run
from tests.recsys.experiments.cases import stepping
from tests.recsys.storage.experiments.cases import bought
from tests.worlds import DENIED, World


def with_holdout(config: Config, percent: float = 10.0) -> Config:
    said = {"holdout_percent": percent, "holdout_salt": "any text"}
    experiments = config.experiments.model_copy(update=said)
    return config.model_copy(update={"experiments": experiments})


@pytest.fixture
def held(world: World) -> Iterator[Api]:
    yield from running(replace(world, config=with_holdout(world.config)))


def drawn(api: Api) -> dict[str, str]:
    """Return who of the known is held out or compared, of whom profiling is allowed."""
    of = holdout.configured(api.config)
    assert of is not None
    found = {user: of.drawn(user, 0) for user in KNOWN if user != DENIED}
    return {user: variant for user, variant in found.items() if variant}


def test_who_is_held_out_gets_what_anybody_gets_and_is_in_no_experiment(held: Api) -> None:
    run(held, "down", stepping(epsilon=0.5))
    who = drawn(held)
    assert {*who.values()} == {"held_out", "answered"}
    answers = {user: ask(held, user) for user in KNOWN}
    for user, variant in who.items():
        if variant == "held_out":
            assert answers[user]["rung"] == "popular"
            assert answers[user]["trail"][0]["reason"] == "held_out"
    rows = noted(held)
    of = {(row["sent_as"], row["experiment_id"]): row["variant"] for row in rows}
    assert {user: of[user, "holdout"] for user in who} == who
    assert not {user for user, name in of if name == "down"} & {
        user for user, variant in who.items() if variant == "held_out"
    }
    assert {user for user, name in of if name == "down" and user in who}


def test_who_would_get_the_popular_items_anyway_is_not_counted(held: Api) -> None:
    for number in range(60):
        assert ask(held, f"stranger-{number}")["rung"] in {"popular", "segment"}
    assert all(row["rung"] != "popular" for row in noted(held))


def test_its_report_is_read_without_a_window(held: Api) -> None:
    for user in KNOWN:
        ask(held, user)
    who = drawn(held)
    assert len(noted(held)) == len(who)
    money = {"held_out": 10.0, "answered": 20.0}
    at = held.clock()
    events = [
        bought(user, at + HOUR + n, money[variant] + n)
        for user, variant in who.items()
        for n in (0, 1)
    ]
    held.service.log.append(events, now=at)
    held.clock.at += 2 * HOUR
    found = held.client.get("/v1/experiments/holdout/report").json()
    assert found["people"] == {name: [*who.values()].count(name) for name in money}
    primary = found["compared"][0]
    assert primary["variant"] == "answered"
    assert primary["treated"] > primary["control"] > 0
    (listed,) = held.client.get("/v1/experiments").json()["experiments"]
    assert (listed["experiment"], listed["status"]) == ("holdout", "running")
    assert listed["rules"]["window_days"] == 0


def test_where_nobody_is_held_out_there_is_no_such_experiment(api: Api) -> None:
    assert api.client.get("/v1/experiments/holdout/report").status_code == 404
    assert api.client.get("/v1/experiments").json()["experiments"] == []


def test_no_other_experiment_has_its_name() -> None:
    with pytest.raises(BadQuery, match="holdout_percent"):
        checked_name("holdout")
