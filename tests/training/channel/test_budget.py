"""Prices keep channels within their budgets, and spend these as well as can be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.channel.budget import prices


def best(value: np.ndarray, usable: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Return the arm of each decision at these prices; the last is to send nothing."""
    net = np.where(usable, value - price, -np.inf)
    chosen = net.argmax(axis=1)
    arm: np.ndarray = np.where(net.max(axis=1) > 1e-12, chosen, value.shape[1])
    return arm


def test_without_a_bound_nothing_has_a_price() -> None:
    value = np.random.default_rng(1).normal(size=(50, 3))
    assert prices(value, np.ones((50, 3), bool), np.ones(3)).tolist() == [0, 0, 0]


def test_the_price_lies_between_the_last_that_gets_it_and_the_first_that_is_left() -> None:
    value = np.array([[5.0], [3.0], [2.0], [1.0]])
    found = prices(value, np.ones((4, 1), bool), np.array([0.5]))
    assert 2.0 < found[0] <= 3.0 + 1e-6
    assert best(value, np.ones((4, 1), bool), found).tolist()[2:] == [1, 1]


def test_where_nothing_is_worth_sending_nothing_has_a_price() -> None:
    assert prices(np.full((5, 2), -1.0), np.ones((5, 2), bool), np.zeros(2)).tolist() == [0, 0]


def test_whoever_is_priced_out_of_one_channel_takes_the_next() -> None:
    value = np.array([[5.0, 4.9], [5.0, 1.0]])
    usable = np.ones((2, 2), bool)
    found = prices(value, usable, np.array([0.5, 1.0]))
    assert found[0] == pytest.approx(0.1, abs=1e-6)
    assert found[1] == 0


@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 1))
def test_no_channel_is_used_more_than_its_share_but_for_ties(
    seed: int, first: float, second: float
) -> None:
    rng = np.random.default_rng(seed)
    value, usable = rng.normal(0.2, 1, (40, 3)), rng.random((40, 3)) < 0.8
    share = np.array([first, second, 1.0])
    found = prices(value, usable, share)
    used = np.bincount(best(value, usable, found), minlength=4)[:3]
    assert (used <= share * 40 + 3).all()
    assert (found >= 0).all()
    assert found[2] == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_budget_is_spent_on_those_who_make_the_most_of_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, share = 2_000, np.array([0.2, 0.3])
    value, usable = rng.normal(0.5, 1, (n, 2)), np.ones((n, 2), bool)
    price = prices(value, usable, share)
    chosen = best(value, usable, price)
    ours = np.column_stack([value, np.zeros(n)])[np.arange(n), chosen].sum()
    # Weak duality: no way of keeping to the budgets earns more than this.
    bound = np.maximum(0, value - price).max(axis=1).sum() + (np.floor(share * n) * price).sum()
    assert bound >= ours - 10
    assert ours >= bound - 10
