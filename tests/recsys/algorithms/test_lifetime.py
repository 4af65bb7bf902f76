"""BG/NBD, Gamma-Gamma and sBG: published numbers, known truths, laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta

from recsys.algorithms.lifetime import bgnbd, gamma_gamma
from recsys.algorithms.lifetime.bgnbd import BgNbd, RepeatCounts
from recsys.errors import NothingToLearnFrom

CDNOW = np.genfromtxt(
    Path(__file__).parents[2] / "data" / "cdnow_sample.csv", delimiter=",", skip_header=1
).T.copy()
SAMPLE = RepeatCounts(CDNOW[1], CDNOW[2], CDNOW[3])


def one(x: float, t_x: float, age: float) -> RepeatCounts:
    return RepeatCounts(np.array([x]), np.array([t_x]), np.array([age]))


def repeats_of_a_known_world(truth: BgNbd, n_users: int, *, seed: int) -> RepeatCounts:
    """Return what was seen of users of `truth`, in weeks, for up to two years."""
    rng = np.random.default_rng(seed)
    pace = np.maximum(rng.gamma(truth.r, 1 / truth.alpha, n_users), 1e-12)
    quits = rng.beta(truth.a, truth.b, n_users)
    age = rng.uniform(1, 104, n_users)
    x, t_x = np.zeros(n_users), np.zeros(n_users)
    left = np.arange(n_users)
    while len(left):
        again = t_x[left] + rng.exponential(1 / pace[left])
        in_time = again < age[left]
        left = left[in_time]
        x[left] += 1
        t_x[left] = again[in_time]
        left = left[rng.random(len(left)) > quits[left]]
    return RepeatCounts(x, t_x, age)


@pytest.fixture(scope="module")
def cdnow() -> BgNbd:
    return bgnbd.fit(SAMPLE)


def test_bgnbd_reproduces_the_published_parameters(cdnow: BgNbd) -> None:
    assert cdnow.r == pytest.approx(0.2426, abs=1e-4)
    assert cdnow.alpha == pytest.approx(4.4136, abs=2e-4)
    assert cdnow.a == pytest.approx(0.7929, abs=1e-4)
    assert cdnow.b == pytest.approx(2.4259, abs=2e-4)
    assert cdnow.log_likelihood == pytest.approx(-9582.429, abs=5e-3)


def test_bgnbd_reproduces_the_published_expectation(cdnow: BgNbd) -> None:
    assert cdnow.expected(one(2, 30.43, 38.86), 39.0)[0] == pytest.approx(1.2259, abs=1e-4)


def test_a_second_fit_equals_the_first_and_the_unit_of_time_does_not_matter(cdnow: BgNbd) -> None:
    assert bgnbd.fit(SAMPLE) == cdnow
    days = bgnbd.fit(RepeatCounts(SAMPLE.x, SAMPLE.t_x * 7, SAMPLE.T * 7))
    assert days.alpha == pytest.approx(7 * cdnow.alpha, rel=1e-4)
    assert days.r == pytest.approx(cdnow.r, rel=1e-4)


def test_bgnbd_finds_the_parameters_of_a_world_it_can_know() -> None:
    truth = BgNbd(0.8, 5.0, 1.2, 3.0, 0.0)
    found = bgnbd.fit(repeats_of_a_known_world(truth, 60_000, seed=5))
    for name in ("r", "alpha", "a", "b"):
        assert getattr(found, name) == pytest.approx(getattr(truth, name), rel=0.1), name


def test_one_time_buyers_are_alive_by_construction_and_still_likely_silent(cdnow: BgNbd) -> None:
    once = one(0, 0, 38.86)
    assert cdnow.alive(once)[0] == 1
    assert cdnow.silent(once, 39.0)[0] > 0.8


@given(
    st.floats(0.05, 20),
    st.floats(0.1, 50),
    st.floats(0.01, 20),
    st.floats(0.1, 50),
    st.integers(0, 400),
    st.floats(0, 1),
    st.floats(1, 500),
)
def test_probabilities_are_probabilities_and_grow_the_right_way(
    r: float, alpha: float, a: float, b: float, x: int, part: float, age: float
) -> None:
    model = BgNbd(r, alpha, a, b, 0.0)
    user = one(float(x), part * age * (x > 0), age)
    soon, later = model.silent(user, 4.0)[0], model.silent(user, 13.0)[0]
    assert 0 <= model.alive(user)[0] <= 1
    assert -1e-12 <= later <= soon <= 1
    few, many = model.expected(user, 4.0)[0], model.expected(user, 13.0)[0]
    assert 1 - later <= many * (1 + 1e-3) + 1e-9
    # where the history is longer than its time, the series of both is good to half a percent
    assert 0 <= few <= many * (1 + 1e-2) + 1e-12
    assert many <= 13 * (r + x) / (alpha + age) * (1 + 1e-9)


@pytest.mark.parametrize("a", [0.0005, 0.5, 1.0, 1 + 1e-7, 2.5])
@pytest.mark.parametrize("x", [0, 3, 250])
def test_the_expectation_is_the_integral_over_the_probability_to_quit(a: float, x: int) -> None:
    model, t, age = BgNbd(0.6, 4.0, a, 2.0, 0.0), 26.0, 52.0
    user = one(float(x), 50.0 * (x > 0), age)

    def given_that(quits: float) -> float:
        odds = (model.r + x) * np.log1p(quits * t / (model.alpha + age))
        return float(-np.expm1(-odds) / quits)

    # the quantile function takes the infinite density at 0 out of the integral
    mean, _ = quad(lambda u: given_that(max(beta.ppf(u, a, 2.0 + x), 1e-12)), 0, 1, limit=400)
    assert model.expected(user, t)[0] == pytest.approx(mean * model.alive(user)[0], rel=2e-3)


def test_where_the_series_fails_the_average_over_quantiles_is_near() -> None:
    model, users = BgNbd(0.6, 4.0, 0.7, 2.0, 0.0), SAMPLE
    exact = model.expected(users, 39.0) / model.alive(users)
    np.testing.assert_allclose(model._averaged(users, 39.0), exact, rtol=0.02)


def test_a_world_where_nobody_quits_is_noticed() -> None:
    rng = np.random.default_rng(1)
    pace, age = rng.gamma(2.0, 0.5, 3_000), np.full(3_000, 50.0)
    x = rng.poisson(pace * age).astype(float)
    t_x = np.where(x > 0, age * rng.random(3_000) ** (1 / np.maximum(x, 1)), 0)
    assert not bgnbd.fit(RepeatCounts(x, t_x, age)).sees_dropout


def test_without_a_repeat_there_is_nothing_to_fit() -> None:
    with pytest.raises(NothingToLearnFrom):
        bgnbd.fit(one(0, 0, 10))


def test_gamma_gamma_reproduces_the_published_parameters() -> None:
    model = gamma_gamma.fit(CDNOW[1], CDNOW[4])
    assert model.p == pytest.approx(6.249, abs=1e-3)
    assert model.q == pytest.approx(3.745, abs=1e-3)
    assert model.v == pytest.approx(15.448, abs=1e-3)
    assert model.population_mean == pytest.approx(35.17, abs=5e-3)
    assert model.holds


def test_gamma_gamma_shrinks_to_the_population_and_with_purchases_to_the_user() -> None:
    model = gamma_gamma.fit(CDNOW[1], CDNOW[4])
    none, few, many = model.expected(np.array([0.0, 1.0, 1e6]), np.array([np.nan, 90.0, 90.0]))
    assert none == pytest.approx(model.population_mean)
    assert none < few < many == pytest.approx(90, abs=0.01)


def test_gamma_gamma_does_not_hold_where_frequency_tells_value() -> None:
    x = np.arange(1.0, 400.0)
    noise = np.random.default_rng(2).gamma(5, 1, len(x))
    assert not gamma_gamma.fit(x, x * noise).holds


def test_gamma_gamma_needs_users_with_value() -> None:
    with pytest.raises(NothingToLearnFrom):
        gamma_gamma.fit(np.array([1.0, 0.0]), np.array([5.0, 7.0]))
