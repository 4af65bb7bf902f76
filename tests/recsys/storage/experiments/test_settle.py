"""Rungs that lose are taken out once, by healthy steps that are over."""

from __future__ import annotations

import pytest

from recsys.data.times import DAY, HOUR
from recsys.evaluation.estimate import Estimate, NotMeasured
from recsys.experiments.experiment import read
from recsys.storage.database.interface import Database
from recsys.storage.events.log import EventLog
from recsys.storage.experiments.participants import ParticipantLog
from recsys.storage.experiments.settle import is_due, settle
from recsys.storage.experiments.steps import PastSaid, past_said
from recsys.storage.experiments.store import ExperimentStore, SavedExperiment
from tests.recsys.experiments.cases import TWO_PLACEMENTS, stepping
from tests.recsys.storage.experiments.cases import START, bought, part

OVER = START + 28 * DAY


def losing(database: Database, *, every: int = 1) -> SavedExperiment:
    """Run a step in which who steps down buys more; of the kept, take one in so `every` many."""
    store = ExperimentStore(database)
    store.plan("home-test", read(stepping(epsilon=0.5)), at=START)
    saved = store.start("home-test", at=START)
    people, events = [], []
    for number in range(2_000):
        variant, at = ("stepped", "kept")[number % 2], START + number
        if variant == "stepped" or number % every == every - 1:
            people.append(part(f"u{number}", variant, at, rung="hyper"))
        if number % 10 < (7 if variant == "stepped" else 2):
            events.append(bought(f"u{number}", at + HOUR))
    ParticipantLog(database).append(people)
    EventLog(database).append(events, now=OVER)
    return saved


def test_a_rung_that_loses_is_taken_out_when_the_days_are_over(database: Database) -> None:
    saved, store = losing(database), ExperimentStore(database)
    assert settle(store, saved, now=OVER - 1) == {}
    assert set(settle(store, saved, now=OVER)) == {"hyper"}
    assert "per person-week" in store.removed()["hyper"]


def test_what_people_put_back_is_not_taken_out_again_by_the_same_experiment(
    database: Database,
) -> None:
    saved, store = losing(database), ExperimentStore(database)
    settle(store, saved, now=OVER)
    store.restore("hyper", at=OVER)
    assert settle(store, saved, now=OVER + DAY) == {}
    assert store.removed() == {}


def test_an_unhealthy_experiment_takes_nothing_out(database: Database) -> None:
    saved, store = losing(database, every=10), ExperimentStore(database)
    assert settle(store, saved, now=OVER) == {}


@pytest.mark.parametrize("said", [TWO_PLACEMENTS, {**stepping(over="step_up"), "rung": "hyper"}])
def test_only_a_step_down_is_about_a_rung_that_serves(
    database: Database, said: dict[str, object]
) -> None:
    store = ExperimentStore(database)
    assert not is_due(store.plan("other", read(said), at=START), now=OVER)
    assert not is_due(store.start("other", at=START), now=OVER)


def test_a_step_that_was_stopped_early_is_never_due(database: Database) -> None:
    store = ExperimentStore(database)
    store.plan("down", read(stepping()), at=START)
    store.start("down", at=START)
    assert not is_due(store.stop("down", at=START + DAY), now=OVER)


def interval(value: float, *, half: float = 0.01) -> Estimate:
    return Estimate(value, value - half, value + half, 900)


@pytest.mark.parametrize(
    ("online", "past", "said"),
    [
        (interval(0.05), interval(0.2), PastSaid.AGREES),
        (interval(-0.05), interval(-0.2), PastSaid.AGREES),
        (interval(-0.05), interval(0.2), PastSaid.CONTRADICTS),
        (interval(0.05), interval(-0.2), PastSaid.CONTRADICTS),
        (interval(0.005), interval(0.2), PastSaid.UNCLEAR),
        (interval(0.05), interval(0.0), PastSaid.UNCLEAR),
        (NotMeasured("too few"), interval(0.2), PastSaid.UNCLEAR),
        (interval(0.05), None, None),
    ],
)
def test_past_data_are_contradicted_only_where_both_are_sure(
    online: Estimate | NotMeasured, past: Estimate | None, said: PastSaid | None
) -> None:
    assert past_said(online, past) is said
