"""Each rung of the channel question is judged for each kind of person, by people of that kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys.data.person import THIN_BELOW, PersonKind
from recsys.data.times import DAY
from recsys.ladder import RungName, Standing
from tests.training.channel.shop import CONFIG, training_data
from training import channel
from training.channel.choose import on_trial
from training.channel.fit import ChannelChoiceParams
from training.channel.judge import kinds
from training.channel.judge_rungs import judge_rungs
from training.data import TrainingData
from training.demo.world import World

TEST_DAYS = CONFIG.channels.test_days
THIN, HISTORY, NEW = PersonKind.THIN, PersonKind.HISTORY, PersonKind.NEW


@pytest.fixture(scope="module")
def shop() -> TrainingData:
    """Return a shop where people differ."""
    return training_data(World(personal=1.6, hour=0.0, fatigue=0.0))[1]


@pytest.fixture(scope="module")
def tiring(shop: TrainingData) -> TrainingData:
    """Return it where those of whom little is known tire of what they liked."""
    messages, users = shop.messages, len(shop.interactions.users)
    late = messages.at > messages.at.max() - TEST_DAYS * DAY
    liked = np.zeros((users, len(messages.channels)))
    np.add.at(liked, (messages.user_row, messages.channel), messages.responded & ~late)
    tired = messages.channel == liked.argmax(axis=1)[messages.user_row]
    thin = np.bincount(shop.interactions.user_row, minlength=users)[messages.user_row] < THIN_BELOW
    drawn = np.random.default_rng(5).random(len(late)) < np.where(tired, 0.02, 0.3)
    responded = np.where(thin & late, drawn, messages.responded)
    return replace(shop, messages=replace(messages, responded=responded))


def test_a_rung_is_shipped_to_those_whom_it_serves_better(tiring: TrainingData) -> None:
    _, measurement = channel.measure(tiring, CONFIG, progress=lambda _: None)
    verdict = measurement.verdicts[RungName.ONE_TO_ONE]
    assert verdict.shipped
    assert verdict.standing(HISTORY) is Standing.SHIPPED
    assert verdict.standing(THIN) is Standing.OUT
    assert "thin: not shipped" in verdict.why


def test_whose_decisions_are_too_few_to_tell_gets_what_others_do(shop: TrainingData) -> None:
    start = int(shop.messages.at.max()) + 1 - TEST_DAYS * DAY
    trial = on_trial(
        shop, ChannelChoiceParams(3.0), CONFIG, start=start, end=start + TEST_DAYS * DAY
    )
    kind = np.full(len(trial.held.crowd), HISTORY, object)
    kind[:20] = NEW
    judged = judge_rungs(trial, kind, CONFIG.training, progress=lambda _: None)
    verdict = judged.verdicts[RungName.ONE_TO_ONE]
    assert verdict.standing(HISTORY) is verdict.standing(NEW) is Standing.SHIPPED
    assert verdict.by_kind[NEW].lift is None
    assert "by what is known of others" in verdict.by_kind[NEW].why


def test_how_much_was_known_is_told_as_of_each_decision(shop: TrainingData) -> None:
    start = int(shop.messages.at.max()) + 1 - TEST_DAYS * DAY
    trial = on_trial(shop, ChannelChoiceParams(), CONFIG, start=start, end=start + TEST_DAYS * DAY)
    known = shop.interactions
    found = kinds(trial.held, known, start=start)
    for row in range(0, len(found), 97):
        user, at = trial.held.crowd.user_row[row], trial.held.crowd.at[row]
        own = known.at[known.user_row == user]
        past, live = (own < start).sum(), ((own >= start) & (own < at)).sum()
        expected = HISTORY if past >= THIN_BELOW else THIN if past else (
            PersonKind.NEW_LIVE if live else NEW)  # fmt: skip
        assert found[row] == expected
