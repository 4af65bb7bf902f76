"""Expected maximum profit: against the integral of its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from recsys.evaluation.profit import expected_profits, profit_curve


def empc(happened: np.ndarray, p: np.ndarray, weight: np.ndarray | None = None) -> float:
    weights = np.ones((1, len(p))) if weight is None else weight[None]
    return float(expected_profits(happened, p)(weights)[0])


def by_definition(happened: np.ndarray, p: np.ndarray) -> float:
    gamma = (np.arange(20_000) + 0.5) / 20_000
    profits = [np.zeros_like(gamma)]
    for threshold in np.unique(p):
        above = p >= threshold
        churners, others = (above & happened).mean(), (above & ~happened).mean()
        profits.append((gamma * 190 - 1) * churners - 11 * others)
    return float((np.max(profits, axis=0) * beta.pdf(gamma, 6, 14)).mean())


def test_it_is_the_integral_of_the_definition() -> None:
    rng = np.random.default_rng(3)
    happened = rng.random(400) < 0.15
    p = (rng.random(400) * 0.6 + 0.3 * happened).round(2)
    assert empc(happened, p) == pytest.approx(by_definition(happened, p), 1e-4)


def test_perfect_foresight_earns_what_the_churners_are_worth() -> None:
    happened = np.arange(100) < 20
    profit = empc(happened, happened.astype(float))
    assert profit == pytest.approx(0.2 * (190 * 6 / 20 - 1), abs=1e-3)


def test_where_nobody_churns_no_campaign_pays() -> None:
    assert empc(np.zeros(5, bool), np.linspace(0, 1, 5)) == 0


def test_a_score_that_knows_nothing_addresses_everybody_or_nobody() -> None:
    happened = np.arange(100) < 50
    same = empc(happened, np.full(100, 0.5))
    assert same == pytest.approx(by_definition(happened, np.full(100, 0.5)), 1e-4)


@given(st.integers(0, 10_000), st.integers(2, 60))
def test_weights_count_like_repeated_rows_and_scale_does_not_matter(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    happened, p, times = rng.random(n) < 0.4, rng.random(n).round(1), rng.integers(0, 4, n)
    times[0] = 1
    weighted = empc(happened, p, times.astype(float))
    repeated = empc(np.repeat(happened, times), np.repeat(p, times) * 7 - 3)
    assert weighted == pytest.approx(repeated, abs=1e-9)
    assert weighted >= -1e-12


def test_the_profit_curve_counts_who_stays_against_who_is_paid_for_nothing() -> None:
    curve = profit_curve([(0.0, 0.0), (0.5, 1.0), (1.0, 1.0)], 0.5)
    everybody_right = 0.5 * (0.3 * 190 - 1)
    told = [(0.0, 0.0), (0.5, everybody_right), (1.0, everybody_right - 0.5 * 11)]
    assert np.allclose(curve, told)


def test_no_campaign_pays_where_nobody_churns() -> None:
    assert max(money for _, money in profit_curve([(0.0, 0.0), (1.0, 1.0)], 0.0)) == 0
