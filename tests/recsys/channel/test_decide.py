"""Which arm serves, and why."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.channel.eligibility import ChannelQuery
from recsys.channel.interval import interval
from recsys.channel.response import Belief, posterior
from recsys.channel.terms import NONE
from recsys.channel.worth import Worth, gate, pick, toll, worth
from recsys.ladder import RungName
from tests.present import present
from tests.recsys.channel.cases import ALL, MIDNIGHT, MONDAY_NOON, TERMS, models, person

POPULAR = models().ladder({}).rungs[-1]


def picked(arms: dict[str, tuple[float, float]], held: str, *, gate_error: float) -> str:
    """Return the arm picked of all these, given their worths and deviations."""
    names, worths = list(arms), [Worth(*each) for each in arms.values()]
    z = gate(gate_error, challengers=len(arms) - 1)
    best, kept = pick(worths, [True] * len(arms), names.index(held), z=z)
    assert kept == (z > 0 and names[best] == held)
    return names[best]


def test_expected_value_is_gain_less_cost_less_those_who_leave() -> None:
    terms = replace(TERMS, response_value=2.0, unsubscribe_cost=10.0)
    taken = toll(terms, [Belief(0.002, 0.0)] * 3)
    value, sd = worth([Belief(0.10, 0.01)] * 3, taken, terms)[2]
    assert value == pytest.approx(0.10 * 2 - 0.05 - 0.002 * 10)
    assert sd == pytest.approx(0.02)


def test_the_gate_is_a_bonferroni_bound_over_the_challengers() -> None:
    assert gate(0.05, challengers=3) == pytest.approx(NormalDist().inv_cdf(1 - 0.05 / 3))
    assert gate(3.0, challengers=3) == 0.0


def test_the_default_is_kept_until_another_is_clearly_better() -> None:
    ahead = 2.2 * np.hypot(0.01, 0.01)
    held = {"email": (0.05, 0.01), NONE: (0.0, 0.0)}
    assert picked(held | {"push": (0.05 + ahead, 0.01)}, "email", gate_error=0.05) == "push"
    assert picked(held | {"push": (0.06, 0.01)}, "email", gate_error=0.05) == "email"
    assert picked(held | {"push": (0.06, 0.01)}, "email", gate_error=3.0) == "push"


def test_sending_nothing_beats_a_clear_loss() -> None:
    assert picked({"sms": (-0.05, 0.01), NONE: (0.0, 0.0)}, "sms", gate_error=0.05) == NONE


def test_of_equals_the_arm_held_stays_and_through_an_open_gate_the_first_serves() -> None:
    arms = {"email": (0.05, 0.01), "push": (0.05, 0.01), NONE: (0.0, 0.0)}
    assert picked(arms, "push", gate_error=0.05) == "push"
    assert picked(arms, "push", gate_error=3.0) == "email"


def test_the_clearly_best_arm_serves_everybody() -> None:
    choice = present(POPULAR.answer(person(), ChannelQuery()))
    assert [arm.channel for arm in choice.ranked] == ["push", "email", "sms", NONE]
    assert choice.best == "push"
    assert choice.ranked[0].reason == "worth most of what may be used"
    assert choice.simulated


def test_without_the_best_arm_the_next_serves() -> None:
    choice = present(POPULAR.answer(person(channels=frozenset({"email", "sms"})), ChannelQuery()))
    assert choice.best == "email"
    push = next(arm for arm in choice.ranked if arm.channel == "push")
    assert (push.eligible, push.reason) == (False, "no consent")


def test_nobody_falls_out() -> None:
    choice = present(POPULAR.answer(person(channels=frozenset()), ChannelQuery()))
    assert (choice.best, choice.send_at) == (NONE, None)
    assert [arm.eligible for arm in choice.ranked] == [True, False, False, False]


def test_at_night_the_message_is_sent_in_the_morning() -> None:
    choice = present(POPULAR.answer(person(at=MIDNIGHT), ChannelQuery()))
    assert choice.best == "push"
    assert choice.send_at == MIDNIGHT + 8 * 3_600_000_000
    at_noon = present(POPULAR.answer(person(at=MONDAY_NOON), ChannelQuery()))
    assert at_noon.send_at is None


def test_a_better_guess_that_is_not_clear_is_told_as_such() -> None:
    vague = models(weight=10.0).ladder({}).rungs[-1]
    choice = present(vague.answer(person(), ChannelQuery()))
    assert choice.best == "email"
    reasons = {arm.channel: arm.reason for arm in choice.ranked}
    assert reasons["email"] == "kept: nothing is clearly worth more"
    assert reasons["push"] == "not clearly worth more than email"


def test_an_open_gate_follows_the_best_guess() -> None:
    bold = models(weight=10.0, gate_error=3.0).ladder({}).rungs[-1]
    choice = present(bold.answer(person(), ChannelQuery()))
    assert choice.best == "push"


@given(st.floats(1e-4, 0.6), st.floats(5, 1e5), st.floats(0.5, 3.0))
def test_intervals_hold_the_probability_and_stay_in_bounds(p: float, n: float, z: float) -> None:
    low, high = interval(*posterior(p, n), z=z)
    assert 0 <= low <= p <= high <= 1


@pytest.mark.parametrize(
    ("p", "n", "low", "high"),
    [(0.05, 20, 0.0013, 0.1765), (0.3, 6, 0.0392, 0.6831), (0.05, 10_000, 0.0458, 0.0544)],
)
def test_intervals_are_those_of_the_beta_distribution(
    p: float, n: float, low: float, high: float
) -> None:
    found = interval(*posterior(p, n), z=1.959964)
    assert found == pytest.approx((low, high), abs=0.004)  # exact quantiles


def test_intervals_of_hardly_any_evidence_say_nothing() -> None:
    assert interval(0.9, 0.4, z=3.0) == (0.0, 1.0)


def test_intervals_cover_the_truth() -> None:
    rng = np.random.default_rng(3)
    kappa, n = 20.0, 15
    truth = rng.beta(0.06 * kappa, 0.94 * kappa, 4_000)
    seen = rng.binomial(n, truth)
    means = (seen + kappa * 0.06) / (n + kappa)
    low, high = interval(*posterior(means, n + kappa), z=1.96)
    covered = np.mean((low <= truth) & (truth <= high))
    assert 0.93 <= covered <= 0.97


@given(st.sets(st.sampled_from(sorted(ALL))), st.integers(0, 1), st.sampled_from(list(RungName)))
def test_every_rung_answers_with_an_eligible_arm(
    granted: set[str], segment: int, name: RungName
) -> None:
    rung = next(rung for rung in models().ladder({}).rungs if rung.name == name)
    choice = present(
        rung.answer(person(channels=frozenset(granted), segment_row=segment), ChannelQuery())
    )
    assert choice.best == choice.ranked[0].channel
    assert choice.ranked[0].eligible
    assert choice.best in granted | {NONE}
    assert {arm.channel for arm in choice.ranked} == ALL | {NONE}
    assert all(arm.reason for arm in choice.ranked)
    eligible = [arm.expected_value for arm in choice.ranked[1:] if arm.eligible]
    assert eligible == sorted(eligible, reverse=True)
