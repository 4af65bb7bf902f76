"""A live answer counts at once, and as it would have in training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from recsys.algorithms import additive
from recsys.algorithms.additive import AdditiveModel, AdditiveSettings
from recsys.churn import labels, one_to_one
from recsys.churn.hyper import HyperChurn
from recsys.churn.labels import Definition
from recsys.churn.one_to_one import OneToOneChurn, Propensity
from recsys.churn.risk import ChurnQuery
from recsys.churn.signals import HeardSignals
from recsys.data.interactions import Interactions
from recsys.data.kinds import Reading
from recsys.data.person import Person
from recsys.data.signals import NO_SIGNALS, Signals, UserSignals
from recsys.data.times import DAY
from recsys.ladder import Reason
from tests.present import present
from tests.recsys.churn.worlds import person, signal, speaking_world

AT = 200 * DAY
MONTHLY = Definition("purchase", 28, 42)
World = tuple[Interactions, Signals, OneToOneChurn]


@pytest.fixture(scope="module")
def fitted() -> World:
    world, said = speaking_world(1_200, 200, seed=3)
    heard = HeardSignals(said, ("recommends", "tickets"))
    rows = labels.with_signals(labels.closed(world, MONTHLY, until=AT, n=3), heard)
    quick = AdditiveSettings(n_trees=40, n_members=1)
    model = additive.fit(
        rows.features, rows.churned, user_row=rows.user_row, settings=quick, seed=1
    )
    propensity = Propensity(model, Reading(world.kinds, "purchase"), MONTHLY, 0.1, 1.96)
    return world, said, one_to_one.taken(propensity, world, at=AT, heard=heard)


def active(own: OneToOneChurn) -> int:
    """Return a user who bought lately and never said a word."""
    recency, last = own.features[:, 0], own.features[:, -14]
    return int(np.flatnonzero((recency < 20) & np.isnan(last))[0])


def asked(world: Interactions, row: int, signals: UserSignals, *, at: int = AT) -> Person:
    return structs.replace(person(world.of_user(row), at=at, row=row), signals=signals)


def test_the_snapshot_looks_at_signals_and_says_which(fitted: World) -> None:
    _, _, own = fitted
    assert own.propensity.heard == ("recommends", "tickets")
    assert isinstance(own.propensity.model, AdditiveModel)
    assert own.features.shape[1] == len(own.propensity.model.mean)


def test_a_bad_answer_raises_the_risk_at_once_and_is_the_reason(fitted: World) -> None:
    world, _, own = fitted
    hyper, row = HyperChurn(own.propensity, own.taken_at), active(own)
    bad = UserSignals.of([signal("nps", 200, 1), signal("ticket", 200, 1)])
    someone = asked(world, row, bad)
    assert hyper.declines(someone) is None
    risk = hyper.answer(someone, ChurnQuery(max_reasons=20))
    assert risk.p > float(own.p[row]) + 0.05
    assert "the last answer to how likely they recommend: 1 of 10" in {
        reason.words for reason in risk.reasons_for
    }
    assert "2 signals beside events" in hyper.because(someone)


def test_training_and_serving_say_the_same_of_the_same_signals(fitted: World) -> None:
    world, said, own = fitted
    hyper = HyperChurn(own.propensity, own.taken_at)
    spoke = np.flatnonzero((np.diff(said.indptr) > 0) & (own.features[:, 0] < 42))
    for row in spoke[:20].tolist():
        # rung 3 counts what happens at the very instant; the snapshot ends before it
        someone = asked(world, row, said.of_user(row), at=AT - 1)
        assert hyper.answer(someone, ChurnQuery()).p == pytest.approx(float(own.p[row]), abs=1e-6)


def test_what_was_known_at_the_snapshot_or_was_only_sent_is_no_news(fitted: World) -> None:
    world, _, own = fitted
    hyper, row = HyperChurn(own.propensity, own.taken_at), active(own)
    for signals in (
        NO_SIGNALS,
        UserSignals.of([signal("nps", 150, 1)]),
        UserSignals.of([signal("message_sent", 200)]),
        UserSignals.of([signal("csat", 200, 0)]),
        UserSignals.of([signal("nps", 201, 1)]),
    ):
        step = present(hyper.declines(asked(world, row, signals)))
        assert step.reason is Reason.NO_LIVE_EVENTS
    late = UserSignals.of([signal("nps", 150, 1, known=200)])
    assert hyper.declines(asked(world, row, late)) is None


def test_without_signals_in_the_model_an_answer_changes_nothing(fitted: World) -> None:
    world, _, own = fitted
    deaf = HyperChurn(replace(own.propensity, heard=()), own.taken_at)
    bad = UserSignals.of([signal("nps", 200, 1)])
    assert present(deaf.declines(asked(world, active(own), bad))).reason is Reason.NO_LIVE_EVENTS
