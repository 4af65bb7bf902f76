"""What a risk is held against: everybody's rate, and what acting costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.churn.bands import Band, Bands, pays_from

MONEY = st.floats(0.01, 1_000)
SHARE = st.floats(0, 1)


@pytest.mark.parametrize(
    ("p", "base", "band"),
    [
        (0.10, 0.05, Band.LOW),  # twice the rate, but an offer would cost more than it keeps
        (0.58, 0.60, Band.MEDIUM),  # likely, like everybody: never low
        (0.58, 0.40, Band.HIGH),
        (0.20, 0.50, Band.MEDIUM),
        (0.95, 0.90, Band.HIGH),  # twice the odds, though not twice the probability
        (0.95, 0.94, Band.MEDIUM),
    ],
)
def test_a_band_holds_a_probability_against_everybody_and_the_cost(
    p: float, base: float, band: Band
) -> None:
    assert Bands(base, pays_from=0.16).of(p, score=10) is band


def test_an_answer_says_what_it_was_held_against() -> None:
    assert Bands(0.4, 0.16).because(0.58) == (
        "58% against 40% of all active users; an offer pays from 16%"
    )


@pytest.mark.parametrize(
    ("score", "band"), [(49, "low"), (50, "medium"), (74, "medium"), (75, "high")]
)
def test_while_no_rate_is_known_the_rank_decides_and_says_so(score: int, band: str) -> None:
    assert Bands().of(0.5, score) == band
    assert "no rate is known" in Bands().because(0.5)


def test_the_costs_of_the_literature_pay_from_a_sixth() -> None:
    # Verbraken et al. 2013: 200 worth, 10 an offer, 1 a contact, Beta(6, 14) stay, .3 on average
    assert pays_from(worth=200, offer=10, contact=1, stays=0.3) == pytest.approx(11 / 67)


@given(MONEY, MONEY, MONEY, SHARE, SHARE)
def test_an_offer_pays_exactly_from_there_on(
    worth: float, offer: float, contact: float, stays: float, p: float
) -> None:
    at = pays_from(worth=worth, offer=offer, contact=contact, stays=stays)
    profit = p * (stays * (worth - offer) - contact) - (1 - p) * (offer + contact)
    if abs(p - at) > 1e-9:
        assert (profit > 0) == (p > at)


@given(st.floats(0, 0.2), st.floats(0.21, 1), st.floats(0.01, 0.99))
def test_a_larger_probability_is_never_in_a_lower_band(
    low: float, high: float, base: float
) -> None:
    order = [Band.LOW, Band.MEDIUM, Band.HIGH]
    bands = Bands(base, 0.16)
    assert order.index(bands.of(low, 0)) <= order.index(bands.of(high, 0))
