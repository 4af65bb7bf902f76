"""A group of signals is looked at where it helped on held-out users, and only there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module

import numpy as np
import pytest

from recsys.algorithms.additive import AdditiveSettings
from recsys.churn import labels
from recsys.churn.calibration import Model
from recsys.churn.labels import Definition
from recsys.config import parse
from recsys.data.times import DAY
from tests.present import present
from tests.recsys.churn.worlds import speaking_world
from tests.training.churn.test_measure import data, silent
from training import churn
from training.churn import signals
from training.churn.signals import SignalTrial, SignalWindow
from training.segments import fit_table

learnt, Candidate = (
    getattr(import_module("training.churn.choose"), name) for name in ("learnt", "Candidate")
)
MONTHLY = Definition("purchase", 28, 42)
ASKED = parse({"training": {"resamples": 400}}, {}).training
QUICK = Candidate(AdditiveSettings(n_trees=40, n_members=1))
UNTIL = 200 * DAY


def tried(*, matters: bool) -> Mapping[str, SignalTrial]:
    world, said = speaking_world(4_000, 230, seed=2, matters=matters)
    rows = labels.closed(world, MONTHLY, until=UNTIL, n=3)
    learn = partial(learnt, candidate=QUICK, seed=1)
    window = SignalWindow(rows, labels.labelled(world, MONTHLY, at=UNTIL), learn(rows))
    return {one.group: one for one in signals.tried([window], said, learn, ASKED)}


def test_where_those_who_complain_leave_their_answers_and_tickets_are_looked_at() -> None:
    found = tried(matters=True)
    assert set(found) == {"recommends", "tickets"}
    assert all(one.kept and present(one.gain).low > 0 for one in found.values())


def test_where_anybody_says_anything_nothing_is_looked_at() -> None:
    found = tried(matters=False)
    assert set(found) == {"recommends", "tickets"}
    assert not any(one.kept for one in found.values())


def test_without_signals_nothing_is_learnt_once_more() -> None:
    def learn(rows: labels.Labelled) -> Model:
        pytest.fail("a model was fitted")

    window = SignalWindow(labels.NOTHING, labels.NOTHING, learnt)
    assert signals.tried([window], None, learn, ASKED) == ()
    assert signals.on_the_test(labels.NOTHING, None, None, ASKED) == {}
    assert np.isnan(labels.NOTHING.features).sum() == 0


def test_a_training_that_keeps_signals_says_what_they_add_on_the_test_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choosing, fitting = (import_module(f"training.churn.{name}") for name in ("choose", "fit"))
    for module in (choosing, fitting):
        monkeypatch.setattr(module, "CANDIDATES", {"quick": QUICK})
    monkeypatch.setattr(choosing, "TRIAL_MEMBERS", 1)
    monkeypatch.setattr(choosing, "MAX_TRIALS", 1)
    monkeypatch.setattr(choosing, "silent", lambda *_, **__: None)
    # what users are worth, and rungs of thousands, take most of the time and are not asked here
    monkeypatch.setattr(import_module("training.value"), "judged", lambda *_, **__: {})
    monkeypatch.setattr(import_module("training.churn.judge"), "MAX_USERS", 300)
    asked = {"horizon_days": 28, "active_days": 42, "cutoffs": 3}
    config = parse({"churn": asked, "training": {"resamples": 100}}, {})
    world, said = speaking_world(3_000, 260, seed=2)
    known = replace(data(world), signals=said)
    choice, measurement = churn.measure(known, config, progress=silent)
    assert [one.group for one in choice.signals if one.kept] == ["recommends", "tickets"]
    added = measurement.metrics["signals"]
    assert added["auc_gain"]["low"] > 0
    assert added["auc"]["value"] > added["auc_without"]["value"]
    assert "recommends" in {each["group"] for each in measurement.metrics["groups"]}
    table = fit_table(known, config, at=world.end)
    models = churn.fit(known, table, choice, config, at=world.end)
    assert present(models.one_to_one).propensity.heard == ("recommends", "tickets")
