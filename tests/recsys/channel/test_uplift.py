"""Where uplift serves, arms are worth what they add over sending nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from api.messages.channel import ChannelArm
from recsys.channel.choice import ChannelChoice
from recsys.channel.models import ChannelModels, ChannelQuery
from recsys.channel.uplift import Uplift
from recsys.data.person import NO_SEGMENT
from recsys.ladder import Climb, Reason, RungName
from recsys.storage.models import artifact
from tests.present import present
from tests.recsys.channel import cases

UPLIFT = Uplift(
    outcome="purchase",
    window_days=7.0,
    value=4.0,
    decisions=12_000,
    names=("rfm:champions", "rfm:lost"),
    mean=np.array([[-0.02, -0.01, -0.03], [0.01, 0.10, 0.02], [0.04, 0.03, 0.0]]),
    sd=np.full((3, 3), 0.001),
)


def climb(fitted: ChannelModels | None = None, **facts: object) -> Climb[ChannelChoice]:
    ladder = (fitted or replace(cases.models(), uplift=UPLIFT)).ladder({})
    return ladder.climb(
        cases.person(**facts), ChannelQuery(), on_failure=lambda *_: pytest.fail("a rung failed")
    )


def answer_of(fitted: ChannelModels | None = None, **facts: object) -> ChannelChoice:
    return present(climb(fitted, **facts).answer)


def test_where_messages_put_people_off_nothing_is_sent() -> None:
    answer = answer_of(segment_row=0)
    assert answer.best == "none"
    assert answer.ranked[1].p == -0.01
    assert answer.ranked[1].low == pytest.approx(-0.01196, abs=1e-5)
    assert answer.ranked[1].high == pytest.approx(-0.00804, abs=1e-5)


def test_expected_value_is_uplift_times_the_worth_of_the_outcome() -> None:
    answer = answer_of(segment_row=1)
    assert answer.best == "push"
    assert answer.ranked[0].expected_value == pytest.approx(0.10 * 4.0)


def test_the_answer_says_that_it_is_uplift_and_over_what() -> None:
    reason = "uplift over sending nothing: purchase within 7 days"
    assert climb(segment_row=1).reason == f"{reason}, in segment rfm:lost"
    everybody = climb(segment_row=NO_SEGMENT)
    assert everybody.rung == RungName.POPULAR
    assert everybody.reason == f"{reason}, 12,000 randomised decisions"
    assert [step.reason for step in everybody.trail] == [Reason.NO_SEGMENT, Reason.SERVED]


def test_who_denied_profiling_is_still_answered() -> None:
    assert answer_of(segment_row=NO_SEGMENT, user_row=None, profiling=False).best == "email"


def test_unsubscribes_still_cost() -> None:
    dear = replace(cases.TERMS, unsubscribe_cost=1_000.0)
    fitted = replace(cases.models(), terms=dear, uplift=UPLIFT)
    answer = answer_of(fitted, segment_row=1)
    assert answer.best == "none"
    assert answer.ranked[1].expected_value == pytest.approx(0.10 * 4.0 - 1.0)


def test_an_arm_that_takes_something_away_fits_the_answer() -> None:
    arm = answer_of(segment_row=0).ranked[1]
    assert ChannelArm.copy_of(arm, propensity=arm.pscore, why=None).p == -0.01


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    files = artifact.write(tmp_path / "uplift", UPLIFT)
    again = artifact.read(tmp_path / "uplift", Uplift, files)
    assert (again.mean == UPLIFT.mean).all()
    assert again.outcome == "purchase"
