"""Values of policies from randomised logs, against worlds where they are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.evaluation.estimate import Estimate, NotMeasured
from recsys.evaluation.policy_value import (
    NOTHING,
    Decisions,
    Sampling,
    by_user,
    policy_lift,
    policy_value,
    refusal,
    row_values,
    weights,
)
from tests.present import present

SAMPLING = Sampling(seed=1, resamples=1_000)
MEAN = np.array([0.1, 0.2, 0.4])


def log(n: int, *, seed: int = 1, users: int = 500, pscore: float | None = None) -> Decisions:
    """Return a log in which three actions earn 0.1, 0.2 and 0.4, drawn unevenly."""
    rng = np.random.default_rng(seed)
    share = np.array([0.5, 0.3, 0.2])
    action = rng.choice(3, size=n, p=share)
    return Decisions(
        user_row=rng.integers(0, users, n).astype(np.int32),
        action=action.astype(np.int8),
        pscore=share[action] if pscore is None else np.full(n, pscore),
        reward=(rng.random(n) < MEAN[action]).astype(float),
    )


def always(action: int, n: int) -> np.ndarray:
    return np.full(n, action, np.int8)


@pytest.mark.parametrize("guess", [np.zeros(3), MEAN, np.array([0.5, -0.3, 0.0])])
def test_any_guess_finds_the_known_value(guess: np.ndarray) -> None:
    values = [
        row_values(always(2, 2_000), log(2_000, seed=s), guess=guess).mean() for s in range(60)
    ]
    assert np.mean(values) == pytest.approx(0.4, abs=0.02)


def test_a_good_guess_makes_it_surer() -> None:
    logged = log(5_000)
    plain, robust = (
        row_values(always(2, 5_000), logged, guess=guess).std() for guess in (np.zeros(3), MEAN)
    )
    assert robust < plain


def test_intervals_cover_the_truth() -> None:
    values = [
        policy_value(always(1, 1_500), log(1_500, seed=s), guess=np.zeros(3), sampling=SAMPLING)
        for s in range(300)
    ]
    measured = [value for value in values if isinstance(value, Estimate)]
    assert len(measured) >= 295  # weights stray by more than 3 standard errors in 0.3 %
    assert 0.92 <= np.mean([value.low <= 0.2 <= value.high for value in measured]) <= 0.98


def test_doing_what_was_done_has_the_weight_of_certainty() -> None:
    logged = log(1_000, pscore=1.0)
    assert (weights(logged.action, logged) == 1).all()
    values = row_values(logged.action, logged, guess=MEAN)
    assert values.tolist() == pytest.approx(logged.reward.tolist())


def test_doing_nothing_earns_nothing_for_certain() -> None:
    value = policy_value(always(NOTHING, 2_000), log(2_000), guess=MEAN, sampling=SAMPLING)
    assert isinstance(value, Estimate)
    assert (value.value, value.low, value.high) == (0.0, 0.0, 0.0)


def test_the_lift_is_paired_by_user() -> None:
    logged = log(6_000)
    lift = policy_lift(
        always(2, 6_000), always(0, 6_000), logged, guess=np.zeros(3), sampling=SAMPLING
    )
    assert isinstance(lift, Estimate)
    assert lift.n == len(np.unique(logged.user_row))
    assert lift.low < 0.3 < lift.high
    assert lift.low > 0


def test_equal_policies_differ_by_exactly_nothing() -> None:
    chosen = always(1, 2_000)
    lift = policy_lift(chosen, chosen, log(2_000), guess=MEAN, sampling=SAMPLING)
    assert isinstance(lift, Estimate)
    assert (lift.low, lift.high) == (0.0, 0.0)


def test_too_few_decisions_are_refused() -> None:
    assert refusal(always(0, 999), log(999)) == NotMeasured(
        "999 held-out decisions, at least 1,000 needed"
    )


def test_missing_pscores_are_refused_not_invented() -> None:
    logged = log(1_000, pscore=np.nan)
    assert refusal(always(0, 1_000), logged) == NotMeasured(
        "1,000 of 1,000 decisions without their pscore"
    )


def test_a_policy_that_is_hardly_ever_followed_is_refused() -> None:
    n = 2_000
    logged = log(n)
    action = np.where(np.arange(n) < 50, 2, 0).astype(np.int8)
    rare = Decisions(logged.user_row, action, np.where(action == 2, 0.025, 0.975), logged.reward)
    refused = present(refusal(always(2, n), rare))
    assert refused.why == "effective sample of 50, at least 200 needed"


def test_pscores_that_do_not_hold_are_refused() -> None:
    refused = present(refusal(always(0, 3_000), log(3_000, pscore=1 / 3)))
    assert "the logged pscores do not hold" in refused.why


def test_a_refused_policy_has_neither_value_nor_lift() -> None:
    few = log(10)
    args = {"guess": MEAN, "sampling": SAMPLING}
    assert isinstance(policy_value(always(0, 10), few, **args), NotMeasured)  # type: ignore[arg-type]
    assert isinstance(policy_lift(always(0, 10), always(1, 10), few, **args), NotMeasured)  # type: ignore[arg-type]


def test_one_user_is_no_sample() -> None:
    value = policy_value(always(0, 2_000), log(2_000, users=1), guess=MEAN, sampling=SAMPLING)
    assert value == NotMeasured("the decisions are about fewer than two users")


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_users_are_ascending_and_rows_average_within_them(user: list[int]) -> None:
    rows = np.array(user, np.int32)
    users, means = by_user(rows.astype(float), rows)
    assert users.tolist() == sorted(set(user))
    assert means.tolist() == pytest.approx(users.tolist())
