"""Four estimates of policy values, against worlds where the values are known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from recsys.evaluation.estimate import NotMeasured
from recsys.evaluation.estimators import (
    Laid,
    Measured,
    PolicyValue,
    lay,
    lift_of,
    unmeasurable,
    value_of,
)
from recsys.evaluation.overlap import clustered_error, effective_size
from recsys.evaluation.policy_value import Decisions

# rows: kinds of users; columns: actions
LOGGING = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.3, 0.4, 0.3], [0.25, 0.25, 0.5]])
REWARD = np.array([[0.3, 0.5, 0.2], [0.4, 0.2, 0.6], [0.5, 0.5, 0.5], [0.7, 0.3, 0.4]])
BOLD = np.array([[0.1, 0.8, 0.1], [0.2, 0.1, 0.7], [1 / 3, 1 / 3, 1 / 3], [0.8, 0.1, 0.1]])
SHY = np.tile([1.0, 0.0, 0.0], (4, 1))
ESTIMATES = ("ips", "snips", "dr", "sndr")


def log(n: int, *, seed: int, rows_a_user: int = 1) -> tuple[np.ndarray, Decisions]:
    """Return the kind of each row's user and a log; the rows of a user hang together."""
    rng = np.random.default_rng(seed)
    user = np.arange(n, dtype=np.int32) // rows_a_user
    kind = rng.integers(0, 4, n // rows_a_user + 1)[user]
    mood = rng.uniform(-0.2, 0.2, n // rows_a_user + 1)[user]
    action = (rng.random(n)[:, None] > LOGGING[kind].cumsum(axis=1)[:, :-1]).sum(axis=1)
    reward = (rng.random(n) < REWARD[kind, action] + mood).astype(float)
    return kind, Decisions(user, action.astype(np.int8), LOGGING[kind, action], reward)


def cell_means(kind: np.ndarray, logged: Decisions) -> Callable[[np.ndarray], np.ndarray]:
    cell = kind * 3 + logged.action
    sums, rows = np.bincount(cell, logged.reward, 12), np.bincount(cell, minlength=12)
    means = ((sums + 1) / (rows + 2)).reshape(4, 3)
    return lambda kind: means[kind]


def laid(target: np.ndarray, kind: np.ndarray, logged: Decisions) -> Laid:
    fold, q = logged.user_row % 3, np.empty((len(logged), 3))
    for held in range(3):
        out = fold == held
        others = (logged.user_row, logged.action, logged.pscore, logged.reward)
        guess = cell_means(kind[~out], Decisions(*(column[~out] for column in others)))
        q[out] = guess(kind[out])
    return lay(target[kind], logged, q=q)


def many(rows_a_user: int) -> Iterator[tuple[PolicyValue, PolicyValue]]:
    for seed in range(800):
        kind, logged = log(1_200, seed=seed, rows_a_user=rows_a_user)
        ours, theirs = laid(BOLD, kind, logged), laid(SHY, kind, logged)
        value, lift = value_of(ours), lift_of(ours, theirs)
        if isinstance(value, PolicyValue) and isinstance(lift, PolicyValue):
            yield value, lift


VALUE = float((BOLD * REWARD).sum(axis=1).mean())
LIFT = VALUE - float((SHY * REWARD).sum(axis=1).mean())


@pytest.fixture(scope="module", params=[1, 4], ids=["one_row_a_user", "four_rows_a_user"])
def measured(request: pytest.FixtureRequest) -> list[tuple[PolicyValue, PolicyValue]]:
    return list(many(request.param))


def coverage(figures: list[Measured], truth: float) -> float:
    bounds = [figure.estimate() for figure in figures]
    return float(np.mean([bound.low <= truth <= bound.high for bound in bounds]))


@pytest.mark.parametrize("name", ESTIMATES)
def test_95_percent_intervals_cover_the_truth_in_95_percent_of_logs(
    measured: list[tuple[PolicyValue, PolicyValue]], name: str
) -> None:
    assert len(measured) >= 780  # of 800 logs some are refused: weights stray by chance
    assert 0.93 <= coverage([getattr(value, name) for value, _ in measured], VALUE) <= 0.97


@pytest.mark.parametrize("name", ESTIMATES)
def test_intervals_of_paired_differences_cover_too(
    measured: list[tuple[PolicyValue, PolicyValue]], name: str
) -> None:
    assert 0.93 <= coverage([getattr(lift, name) for _, lift in measured], LIFT) <= 0.97


def test_the_self_normalised_doubly_robust_estimate_errs_no_more_than_plain_weighting(
    measured: list[tuple[PolicyValue, PolicyValue]],
) -> None:
    errors = {
        name: math.sqrt(np.mean([(getattr(v, name).value - VALUE) ** 2 for v, _ in measured]))
        for name in ESTIMATES
    }
    assert errors["sndr"] / VALUE <= errors["ips"] / VALUE
    assert errors["dr"] <= errors["ips"]


def test_judging_the_logging_policy_itself_has_weights_of_exactly_one() -> None:
    kind, logged = log(2_000, seed=1)
    own = laid(LOGGING, kind, logged)
    assert (own.weight == 1).all()
    value = value_of(own)
    assert isinstance(value, PolicyValue)
    assert value.ips.value == pytest.approx(logged.reward.mean())
    assert value.snips.value == pytest.approx(logged.reward.mean())
    assert value.effective == pytest.approx(2_000)
    assert value.mean_weight == 1


def test_without_guesses_doubly_robust_is_plain_weighting() -> None:
    kind, logged = log(2_000, seed=2)
    value = value_of(lay(BOLD[kind], logged, q=np.zeros((2_000, 3))))
    assert isinstance(value, PolicyValue)
    assert (value.dr, value.sndr) == (value.ips, value.snips)


def test_the_error_of_the_self_normalised_estimate_is_the_published_one() -> None:
    kind, logged = log(2_000, seed=3)
    policy = laid(BOLD, kind, logged)
    value = value_of(policy)
    assert isinstance(value, PolicyValue)
    w, off = policy.weight, policy.reward - value.snips.value
    published = math.sqrt((w**2 * off**2).sum()) / w.sum()
    assert value.snips.error == pytest.approx(published, rel=1e-3)


def test_equal_policies_differ_by_exactly_nothing() -> None:
    kind, logged = log(2_000, seed=4)
    policy = laid(BOLD, kind, logged)
    lift = lift_of(policy, policy)
    assert isinstance(lift, PolicyValue)
    assert {(getattr(lift, n).value, getattr(lift, n).error) for n in ESTIMATES} == {(0.0, 0.0)}


def test_rows_of_one_user_count_as_one_observation() -> None:
    figures = np.repeat(np.random.default_rng(1).normal(size=500), 4)
    users = np.repeat(np.arange(500, dtype=np.int32), 4)
    alone = clustered_error(figures, np.arange(2_000, dtype=np.int32))
    assert clustered_error(figures, users) == pytest.approx(2 * alone, rel=0.01)


def test_equal_weights_are_worth_their_number_and_no_weight_nothing() -> None:
    assert effective_size(np.full(7, 3.0)) == pytest.approx(7)
    assert effective_size(np.zeros(7)) == 0


def test_every_refusal_is_a_value_that_says_why() -> None:
    kind, logged = log(2_000, seed=5)
    good = laid(BOLD, kind, logged)
    assert unmeasurable(good) is None
    nobody = np.zeros(2_000, np.int32)
    whys = {
        "few": value_of(laid(BOLD, *log(999, seed=5))),
        "one user": value_of(replace(good, user_row=nobody)),
        "pscores": value_of(_weighed(good, pscore=np.nan)),
        "thin": value_of(_weighed(good, weight=np.where(np.arange(2_000) < 50, 40.0, 0.0))),
        "wrong": value_of(_weighed(good, weight=good.weight * 1.5)),
    }
    assert whys == {
        "few": NotMeasured("999 held-out decisions, at least 1,000 needed"),
        "one user": NotMeasured("the decisions are about fewer than two users"),
        "pscores": NotMeasured("2,000 of 2,000 decisions without their pscore"),
        "thin": NotMeasured("effective sample of 50, at least 200 needed"),
        "wrong": whys["wrong"],
    }
    assert "the logged pscores do not hold" in whys["wrong"].why  # type: ignore[union-attr]


def test_a_difference_to_a_policy_that_cannot_be_judged_is_refused() -> None:
    good = laid(BOLD, *log(2_000, seed=6))
    assert isinstance(lift_of(good, _weighed(good, pscore=np.nan)), NotMeasured)
    assert isinstance(lift_of(_weighed(good, pscore=np.nan), good), NotMeasured)


def _weighed(policy: Laid, **facts: float | np.ndarray) -> Laid:
    return replace(policy, **{name: np.full(len(policy), fact) for name, fact in facts.items()})
