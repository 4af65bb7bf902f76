"""Uplift over sending nothing: learnt, judged and served on simulated worlds of known truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from recsys.channel.choice import ChannelChoice
from recsys.channel.models import ChannelModels, ChannelQuery
from recsys.channel.uplift import Uplift
from recsys.config import ChannelSection
from recsys.data.person import Person
from recsys.data.times import DAY
from recsys.evaluation.estimate import NotMeasured
from recsys.ladder import Climb, RungName
from recsys.storage.models import artifact
from tests.present import present
from tests.training.channel.buyers import (
    DAYS,
    EMAIL,
    NOTHING,
    OPEN,
    START,
    SURE,
    Truth,
    shop,
)
from training import channel
from training.channel import uplift
from training.channel.fit import ChannelChoiceParams
from training.data import TrainingData
from training.measurement import Measurement
from training.segments import fit_table

ANYWAY = Truth()
NO_EFFECT = Truth(buys=((0.5, 0.5, 0.5), (0.1, 0.1, 0.1)), cost=0.0)
NOTHING_ORGANIC = Truth(buys=((0.5, 0.1, 0.0), (0.3, 0.1, 0.0)), cost=0.05)
RARELY_NOTHING = Truth(share=(0.7, 0.29, 0.01))


@dataclass(frozen=True)
class Trained:
    """What a run makes of a world."""

    choice: ChannelChoiceParams
    measurement: Measurement
    models: ChannelModels

    def asked(self, segment: str) -> Climb[ChannelChoice]:
        names = self.models.segment.names  # type: ignore[union-attr]
        person = Person(
            "u00000",
            START + (DAYS + 8) * DAY,
            user_row=0,
            segment_row=names.index(segment),
            channels=frozenset({"email", "push"}),
        )
        ladder = self.models.ladder(self.measurement.verdicts)
        return ladder.climb(person, ChannelQuery(), on_failure=lambda *_: pytest.fail("failed"))


def trained(truth: Truth, data: TrainingData | None = None) -> Trained:
    data = shop(truth) if data is None else data
    choice, measurement = channel.measure(data, truth.config, progress=lambda _: None)
    at = START + (DAYS + 8) * DAY
    table = fit_table(data, truth.config, at=at)
    return Trained(choice, measurement, channel.fit(data, table, choice, truth.config, at=at))


@pytest.fixture(scope="module")
def anyway() -> Trained:
    return trained(ANYWAY)


def test_those_who_buy_anyway_are_left_alone(anyway: Trained) -> None:
    assert anyway.choice.uplift
    climb = anyway.asked(SURE)
    assert climb.answer is not None
    assert climb.answer.best == "none"
    assert climb.reason == f"uplift over sending nothing: purchase within 7 days, in segment {SURE}"


def test_those_who_can_be_persuaded_are_written_to(anyway: Trained) -> None:
    answer = present(anyway.asked(OPEN).answer)
    assert answer.best == "email"
    assert answer.ranked[0].low <= 0.35 <= answer.ranked[0].high
    assert answer.ranked[0].expected_value == pytest.approx(answer.ranked[0].p - 0.15)


def test_by_responses_everybody_would_have_been_written_to(anyway: Trained) -> None:
    by_response = replace(anyway.models, uplift=None)
    before = replace(anyway, models=by_response)
    assert {before.asked(name).answer.best for name in (SURE, OPEN)} == {"email"}  # type: ignore[union-attr]


def test_the_measured_gain_is_the_true_one(anyway: Trained) -> None:
    lift = anyway.measurement.metrics["uplift"]["lift"]
    true = ANYWAY.worth(NOTHING, EMAIL) - ANYWAY.worth(EMAIL, EMAIL)
    assert true == pytest.approx(0.075)
    assert 0 < lift["low"] <= true <= lift["high"]


def test_the_verdicts_say_what_serves(anyway: Trained) -> None:
    verdicts = anyway.measurement.verdicts
    assert verdicts[RungName.SEGMENT].shipped
    assert "worth of purchase per decision by uplift" in verdicts[RungName.SEGMENT].why
    assert not verdicts[RungName.ONE_TO_ONE].shipped
    assert not verdicts[RungName.HYPER].shipped


def test_the_figures_cover_the_truth(anyway: Trained) -> None:
    told = anyway.measurement.metrics["uplift"]
    found = {(row["segment"], row["channel"]): row for row in told["effects"]}
    for cell, true in {
        (SURE, "email"): 0.0,
        (SURE, "push"): 0.0,
        (OPEN, "email"): 0.35,
        (OPEN, "push"): 0.05,
    }.items():
        assert found[cell]["low"] - 0.02 <= true <= found[cell]["high"] + 0.02
    assert told["share_of_none"] == {"uplift": pytest.approx(0.5, abs=0.02), "in force": 0.0}


@pytest.mark.parametrize("truth", [NO_EFFECT, NOTHING_ORGANIC], ids=["no effect", "no organic"])
def test_uplift_that_earns_no_more_is_left_out(truth: Truth) -> None:
    found = trained(truth)
    assert not found.choice.uplift
    assert found.models.uplift is None
    assert "differs from popular by +0.0000" in found.measurement.metrics["uplift"]["why"]


def test_too_few_decisions_to_send_nothing_are_refused_with_the_reason() -> None:
    found = trained(RARELY_NOTHING)
    why = found.measurement.metrics["uplift"]["why"]
    assert not found.choice.uplift
    assert "among decisions to send nothing, at least 200 needed" in why


def test_where_uplift_is_left_out_all_is_as_it_was_without(tmp_path: Path) -> None:
    data = shop(NO_EFFECT)
    left_out = trained(NO_EFFECT, data)
    without = trained(NO_EFFECT, replace(data, randomised=None))
    assert left_out.measurement.verdicts == without.measurement.verdicts
    assert "uplift" not in without.measurement.metrics
    written = [
        artifact.write(tmp_path / name, each.models)
        for name, each in (("left out", left_out), ("without", without))
    ]
    assert written[0] == written[1]


def test_fewer_than_a_thousand_decisions_teach_nothing() -> None:
    data = shop(Truth(users=50))
    assert data.randomised is not None
    refused = uplift.fit(data.randomised, (SURE, OPEN), ANYWAY.config.channels)
    assert refused == NotMeasured("500 randomised decisions, at least 1,000 needed")


def test_who_is_written_to_does_not_bias_what_is_learnt() -> None:
    data = present(shop(ANYWAY).randomised)
    lot = np.random.default_rng(5).random(len(data))
    # The old policy wrote to those who would not have bought: of them 9 in 10 got an e-mail.
    sure = data.segment == data.segments.index(SURE)
    write = np.where(sure, 0.1, 0.9)
    skewed = replace(
        data,
        action=np.where(lot < write, EMAIL, NOTHING).astype(np.int8),
        propensity=np.column_stack([write, np.zeros(len(data)), 1 - write]),
    )
    truth = np.array(ANYWAY.buys)[np.where(sure, 0, 1), skewed.action]
    skewed = replace(skewed, happened=np.random.default_rng(6).random(len(data)) < truth)
    raw = skewed.happened[skewed.action == EMAIL].mean()
    raw -= skewed.happened[skewed.action == NOTHING].mean()
    assert raw < 0.05
    found = uplift.fit(skewed, (), ANYWAY.config.channels)
    assert isinstance(found, Uplift)
    assert found.mean[0, 0] == pytest.approx(0.175, abs=0.02)


def test_an_arm_that_was_never_drawn_adds_nothing_as_far_as_is_known() -> None:
    data = present(shop(ANYWAY).randomised)
    chances = data.propensity * np.array([1.0, 0.0, 1.0])
    kept = replace(data, propensity=chances / chances.sum(axis=1, keepdims=True)).where(
        data.action != 1
    )
    found = uplift.fit(kept, (SURE, OPEN), ANYWAY.config.channels)
    assert isinstance(found, Uplift)
    assert found.mean[:, 1].tolist() == [0.0, 0.0, 0.0]
    assert (found.sd[:, 1] > 0.05).all()
    assert np.isfinite(found.sd).all()


def test_segments_that_do_not_differ_get_everybodys() -> None:
    data = present(shop(Truth(buys=((0.3, 0.2, 0.1), (0.3, 0.2, 0.1)))).randomised)
    found = uplift.fit(data, (SURE, OPEN), ANYWAY.config.channels)
    assert isinstance(found, Uplift)
    assert np.abs(found.mean[:2] - found.mean[2]).max() < 0.01
    assert found.mean[2] == pytest.approx([0.2, 0.1], abs=0.02)


def test_what_followed_later_decisions_teaches_an_earlier_model_nothing() -> None:
    data = shop(ANYWAY)
    at = START + 60 * DAY
    assert data.randomised is not None
    later = data.randomised.at >= at - 7 * DAY
    other = replace(data.randomised, happened=data.randomised.happened ^ later)
    first, second = (
        uplift.fit(each.closed_by(at), (SURE, OPEN), ANYWAY.config.channels)
        for each in (data.randomised, other)
    )
    assert isinstance(first, Uplift)
    assert isinstance(second, Uplift)
    assert (first.mean == second.mean).all()


def test_without_any_message_uplift_is_refused_and_rung_0_answers() -> None:
    data = shop(ANYWAY)
    silent = trained(ANYWAY, replace(data, messages=data.messages.before(0)))
    assert not silent.choice.uplift
    assert "0 randomised decisions" in silent.measurement.metrics["uplift"]["why"]


def test_a_channel_with_a_budget_is_priced_by_what_it_adds() -> None:
    data = shop(ANYWAY)
    arms = {**ANYWAY.config.channels.arms, "email": ChannelSection(cost=0.15, budget_share=0.1)}
    section = ANYWAY.config.channels.model_copy(update={"arms": arms})
    config = ANYWAY.config.model_copy(update={"channels": section})
    at = START + (DAYS + 8) * DAY
    table = fit_table(data, config, at=at)
    free, priced = (
        channel.fit(data, table, ChannelChoiceParams(uplift=True), each, at=at)
        for each in (ANYWAY.config, config)
    )
    assert free.terms.channels[0].price == 0
    assert priced.terms.channels[0].price > 0
    assert priced.uplift is not None
    assert free.uplift is not None
    assert (priced.uplift.mean == free.uplift.mean).all()
