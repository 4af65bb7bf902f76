"""The simulated experiment: true to its truth, through the store, and apart from the shop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from recsys.data.times import DAY
from recsys.evaluation.estimate import Estimate
from recsys.experiments.verdict import State
from recsys.ladder import RungName
from recsys.storage.database.interface import Database
from recsys.storage.database.open import open_database
from recsys.storage.events import growth
from recsys.storage.experiments import outcomes, steps
from recsys.storage.experiments.settle import settle
from recsys.storage.experiments.store import ExperimentStore, running
from training.demo.experiment import NAME, ORDER, USUAL, run

NOW = 20_000 * DAY
RUNGS = (RungName.SEGMENT, RungName.ONE_TO_ONE, RungName.HYPER)


def test_the_lifts_of_rungs_are_found_through_merges_seasons_and_delays(database: Database) -> None:
    saved = run(database, until=NOW)
    found = {
        one.rung: one.lift
        for one in steps.lifts(database, saved, now=NOW)
        if one.placement == one.segment == steps.ALL
    }
    for rung in RUNGS:
        lift = found[rung]
        assert isinstance(lift, Estimate)
        assert lift.low < USUAL.adds[rung] < lift.high
    one_to_one = found[RungName.ONE_TO_ONE]
    assert isinstance(one_to_one, Estimate)
    assert one_to_one.clearly_above


def test_it_is_healthy_and_has_some_days_left(database: Database) -> None:
    found = outcomes.read(database, run(database, until=NOW), now=NOW)
    assert found.health.complaints == ()
    assert (found.days, found.days_left) == (24, 4)
    assert found.state.state in {State.WORSE, State.WAITING}
    assert found.people["kept"] > 5 * found.people["stepped"] > 1_000


def test_nobody_of_the_shop_is_drawn_and_no_rung_is_taken_out(database: Database) -> None:
    worse = replace(USUAL, adds=dict.fromkeys(RUNGS, -0.09))
    saved, store = run(database, until=NOW, days=28, world=worse), ExperimentStore(database)
    assert set(steps.losing(steps.lifts(database, saved, now=NOW))) == {*RUNGS}
    assert settle(store, saved, now=NOW) == {}
    assert running(store.all()) == ()
    assert store.get(NAME).experiment.simulated


def test_what_is_simulated_is_no_growth_and_says_so(database: Database) -> None:
    run(database, until=NOW)
    rows = database.read("SELECT DISTINCT kind, simulated FROM events WHERE kind <> 'identity'")
    assert [(kind, bool(simulated)) for kind, simulated in rows] == [(ORDER, True)]
    assert growth.read(database, ORDER, zone=ZoneInfo("UTC"), at=NOW).people == ()


def test_the_same_seed_gives_the_same_experiment(tmp_path: Path) -> None:
    found = []
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        database = open_database(f"sqlite:///{tmp_path}/{name}.db")
        saved = run(database, until=NOW, seed=seed)
        found.append(steps.lifts(database, saved, now=NOW))
        database.close()
    assert found[0] == found[1] != found[2]
