"""How well an order gathers those who spend most at its top."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.evaluation.gini import gini, normalised_gini

SPENT = np.array([100.0, 0.0, 50.0, 0.0])


def test_perfect_ranking_is_1_and_its_reverse_is_minus_1() -> None:
    assert normalised_gini(SPENT, SPENT * 3) == pytest.approx(1)
    assert normalised_gini(SPENT, -SPENT) == pytest.approx(-1)


def test_one_spender_ranked_second_of_four() -> None:
    seen = np.array([0.0, 8.0, 0.0, 0.0])
    assert gini(seen, np.array([4.0, 3.0, 2.0, 1.0])) == pytest.approx(3 / 4 - 5 / 8)


@pytest.mark.parametrize("seen", [np.zeros(3), np.full(3, 7.0)], ids=["nothing", "all the same"])
def test_where_no_order_is_better_it_cannot_be_measured(seen: np.ndarray) -> None:
    assert normalised_gini(seen, np.arange(3.0)) is None
