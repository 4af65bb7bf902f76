"""Rungs on trial become experiments that run."""

from __future__ import annotations

from pathlib import Path

from recsys.data.person import PersonKind
from recsys.ladder import KindVerdict, RungName, Standing, Verdict
from recsys.storage.database.open import open_database
from recsys.storage.experiments.store import ExperimentStatus, ExperimentStore, won_trials
from training import trials


def verdicts(standing: Standing) -> dict[RungName, Verdict]:
    own = KindVerdict(RungName.POPULAR, None, None, standing, "as told")
    kinds = {PersonKind.NEW_LIVE: own}
    hyper = Verdict(
        RungName.HYPER, RungName.POPULAR, "x", None, shipped=False, why="", by_kind=kinds
    )
    return {RungName.HYPER: hyper}


def test_a_rung_on_trial_is_begun_once_on_a_random_half(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/store.db")
    on_trial = verdicts(Standing.TRIAL)
    assert trials.begin(database, on_trial, kind="purchase", at=1) == ("trial-hyper",)
    assert trials.begin(database, on_trial, kind="purchase", at=2) == ()
    saved = ExperimentStore(database).get("trial-hyper")
    assert saved.status is ExperimentStatus.RUNNING
    assert dict(saved.experiment.arms) == {"kept": 0.5, "stepped": 0.5}
    database.close()


def test_nothing_is_begun_where_no_rung_is_on_trial(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/store.db")
    for standing in (Standing.SHIPPED, Standing.OUT):
        assert trials.begin(database, verdicts(standing), kind="purchase", at=1) == ()
    database.close()


def test_a_trial_that_was_stopped_is_not_begun_again_and_one_decided_is_won(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/store.db")
    trials.begin(database, verdicts(Standing.TRIAL), kind="purchase", at=1)
    store = ExperimentStore(database)
    store.stop("trial-hyper", at=2)
    assert trials.begin(database, verdicts(Standing.TRIAL), kind="purchase", at=3) == ()
    assert won_trials(store.all()) == frozenset()
    store.decide("trial-hyper", "stepped", at=4)
    assert won_trials(store.all()) == {RungName.HYPER}
    database.close()
