"""Decayed popularity and its shrinkage."""

import numpy as np
import pytest

from recsys.algorithms.histories import Histories
from recsys.algorithms.popularity import decay, shrunk, takers

HISTORIES = Histories(
    indptr=np.array([0, 2, 3, 3, 4]),
    item_row=np.array([0, 1, 1, 2], np.int32),
    weight=np.array([3.0, 0.5, 1.0, 0.25], np.float32),
    n_items=3,
)


def test_a_half_life_halves() -> None:
    assert decay(np.array([0.0, 14.0, 28.0]), 14.0).tolist() == [1.0, 0.5, 0.25]


def test_a_user_counts_at_most_once_per_item() -> None:
    per_item, users = takers(HISTORIES, np.zeros(4, np.int16), n_groups=1)
    assert per_item.tolist() == [[1.0, 1.5, 0.25]]
    assert users.tolist() == [2.25]


def test_groups_are_counted_apart_and_users_in_none_not_at_all() -> None:
    per_item, users = takers(HISTORIES, np.array([0, 1, 1, -1], np.int16), n_groups=2)
    assert per_item.tolist() == [[1.0, 0.5, 0.0], [0.0, 1.0, 0.0]]
    assert users.tolist() == [1.0, 1.0]


def test_no_histories_count_nothing() -> None:
    empty = Histories(np.zeros(3, np.int64), np.empty(0, np.int32), np.empty(0, np.float32), 2)
    per_item, users = takers(empty, np.zeros(2, np.int16), n_groups=1)
    assert per_item.tolist() == [[0.0, 0.0]]
    assert users.tolist() == [0.0]


def test_shrinkage_is_the_posterior_mean() -> None:
    share = shrunk(np.array([[10.0]]), np.array([20.0]), np.array([0.1]), strength=200.0)
    assert share[0, 0] == pytest.approx((10 + 200 * 0.1) / (20 + 200))


@pytest.mark.parametrize("strength", [0.0, 200.0])
def test_a_group_without_users_gets_the_prior(strength: float) -> None:
    share = shrunk(np.zeros((1, 2)), np.zeros(1), np.array([0.3, 0.1]), strength=strength)
    assert share[0] == pytest.approx([0.3, 0.1])
