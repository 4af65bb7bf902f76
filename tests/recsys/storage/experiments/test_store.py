"""The life of an experiment: planned, run, stopped, decided, and planned anew."""

from __future__ import annotations

import pytest

from recsys.errors import ExperimentState, UnknownExperiment
from recsys.experiments.experiment import read
from recsys.storage.database.interface import Database
from recsys.storage.experiments.store import ExperimentStatus, ExperimentStore, running
from tests.recsys.experiments.cases import TWO_PLACEMENTS

ONE = read(TWO_PLACEMENTS)


def test_only_what_runs_draws_people(database: Database) -> None:
    store = ExperimentStore(database)
    store.plan("home-test", ONE, at=1)
    assert running(store.all()) == ()
    started = store.start("home-test", at=2)
    assert [one.key for one in running(store.all())] == [("home-test", 1)]
    assert (started.since, started.until, started.status) == (2, None, ExperimentStatus.RUNNING)
    stopped = store.stop("home-test", at=3)
    assert (stopped.since, stopped.until) == (2, 3)
    assert running(store.all()) == ()
    decided = store.decide("home-test", "tea", at=4)
    assert (decided.note, decided.until, decided.status) == ("tea", 3, ExperimentStatus.DECIDED)


def test_planned_differently_is_another_draw(database: Database) -> None:
    store = ExperimentStore(database)
    first = store.plan("home-test", ONE, at=1)
    assert store.plan("home-test", ONE, at=2) == first
    changed = store.plan("home-test", read({**TWO_PLACEMENTS, "coverage": 0.5}), at=3)
    assert changed.version == 2
    assert changed.salt != first.salt


@pytest.mark.parametrize("turn", ["start", "stop"])
def test_an_unknown_experiment_has_no_life(database: Database, turn: str) -> None:
    with pytest.raises(UnknownExperiment):
        getattr(ExperimentStore(database), turn)("none", at=1)


def test_no_step_of_its_life_is_left_out(database: Database) -> None:
    store = ExperimentStore(database)
    store.plan("home-test", ONE, at=1)
    with pytest.raises(ExperimentState, match="planned: it cannot be stopped"):
        store.stop("home-test", at=2)
    store.start("home-test", at=2)
    with pytest.raises(ExperimentState, match="planned anew"):
        store.plan("home-test", ONE, at=3)
    with pytest.raises(ExperimentState, match="decided: coffee"):
        store.decide("home-test", "coffee", at=3)


def test_a_rung_is_taken_out_and_put_back(database: Database) -> None:
    store = ExperimentStore(database)
    store.remove("hyper", "it lost", at=1)
    assert store.removed() == {"hyper": "it lost"}
    assert store.all() == {}
    store.restore("hyper", at=2)
    assert store.removed() == {}
