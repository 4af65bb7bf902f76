"""Shrunken rates."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.channel.response import Rates, concentration, counts, decay, posterior
from recsys.data.times import DAY
from tests.recsys.channel.cases import MONDAY_NOON, messages


def test_a_message_counts_half_after_the_half_life() -> None:
    sent = messages((0, 0, 0.0, False), (0, 0, 90.0, False))
    counted = decay(sent, half_life_days=90.0, at=MONDAY_NOON + 90 * DAY)
    assert counted.tolist() == [0.5, 1.0]


def test_counts_are_by_row_and_channel_and_leave_out_strangers() -> None:
    sent = messages((0, 0, 0, True), (0, 2, 0, True), (1, 2, 0, True), (1, 2, 0, True))
    rows = np.array([0, -1, 1, 1])
    table = counts(rows, sent, np.ones(4), n_rows=2)
    assert table.tolist() == [[1, 0, 0], [0, 0, 2]]


def test_counts_of_nothing_are_zero() -> None:
    assert counts(np.empty(0, np.int64), messages(), np.empty(0), n_rows=1).tolist() == [[0, 0, 0]]


def test_a_rate_lies_between_what_was_seen_and_the_prior() -> None:
    rate = Rates.of(np.array([3.0]), np.array([10.0]), prior=0.1, kappa=10.0)
    assert rate.mean.tolist() == [pytest.approx(0.2)]
    assert rate.weight.tolist() == [20.0]


def test_the_deviation_is_that_of_a_beta_distribution() -> None:
    assert posterior(0.2, 20.0).sd ** 2 == pytest.approx(4 * 16 / (20**2 * 21))  # Beta(4, 16)


@pytest.mark.parametrize("kappa", [8.0, 30.0, 100.0])
def test_concentration_finds_the_kappa_that_made_the_counts(kappa: float) -> None:
    rng = np.random.default_rng(1)
    trials = rng.integers(1, 20, (20_000, 1)).astype(float)
    own = rng.beta(0.1 * kappa, 0.9 * kappa, (20_000, 1))
    positives = rng.binomial(trials.astype(int), own).astype(float)
    found = concentration(positives, trials, np.full((20_000, 1), 0.1))
    assert found[0] == pytest.approx(kappa, rel=0.15)


def test_people_who_are_all_alike_are_shrunk_as_far_as_it_goes() -> None:
    trials = np.full((1_000, 1), 10.0)
    positives = np.ones((1_000, 1))
    assert concentration(positives, trials, np.full((1_000, 1), 0.1)).tolist() == [200.0]


def test_concentration_of_nothing_trusts_the_mean() -> None:
    nothing = np.zeros((5, 2))
    assert concentration(nothing, nothing, np.full((5, 2), 0.1)).tolist() == [200.0, 200.0]
