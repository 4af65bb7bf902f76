"""The k highest scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.algorithms.topk import first_allowed, strongest, top_k


def scores(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def test_highest_come_first() -> None:
    assert top_k(scores(0.1, 0.9, 0.5), 2).tolist() == [1, 2]


def test_ties_go_to_the_lower_row() -> None:
    assert top_k(np.zeros(100, np.float32), 3).tolist() == [0, 1, 2]


def test_minus_infinity_is_never_returned() -> None:
    assert top_k(scores(-np.inf, -1.0, -np.inf), 3).tolist() == [1]


def test_more_than_there_are_returns_all() -> None:
    assert top_k(scores(1.0, 2.0), 10).tolist() == [1, 0]


@pytest.mark.parametrize(("n", "k"), [(0, 0), (0, 5), (5, 0), (100, 0)])
def test_nothing_of_nothing(n: int, k: int) -> None:
    assert top_k(np.zeros(n, np.float32), k).tolist() == []


@given(
    st.lists(st.sampled_from([-np.inf, -2.0, 0.0, 0.5, 1.0, 7.0]), max_size=400),
    st.integers(0, 30),
)
def test_equals_a_full_stable_sort(values: list[float], k: int) -> None:
    score = np.array(values, np.float32)
    full = [row for row in np.argsort(-score, kind="stable") if score[row] > -np.inf]
    assert top_k(score, k).tolist() == full[:k]


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_equals_a_full_sort_of_distinct_scores(seed: int, k: int) -> None:
    score = np.random.default_rng(seed).normal(size=3_665).astype(np.float32)
    assert top_k(score, k).tolist() == np.argsort(-score, kind="stable")[:k].tolist()


@given(st.integers(0, 2**32 - 1), st.integers(0, 12), st.sampled_from([0, 7, 400]))
def test_the_strongest_of_each_row_are_its_highest(seed: int, k: int, n: int) -> None:
    among = np.array([-np.inf, -2.0, 0.0, 0.5, 1.0, 7.0], np.float32)
    score = np.random.default_rng(seed).choice(among, size=(3, n))
    counts, columns = strongest(score, k)
    wanted = [np.sort(top_k(row, k)).tolist() for row in score]
    assert counts.tolist() == [len(row) for row in wanted]
    assert columns.tolist() == [column for row in wanted for column in row]


@given(st.permutations(range(300)), st.integers(0, 299), st.integers(0, 20))
def test_first_allowed_keeps_the_order_and_the_mask(
    order: list[int], barred: int, limit: int
) -> None:
    ranked = np.array(order, np.int32)
    allowed = np.arange(300) >= barred
    wanted = [row for row in order if row >= barred][:limit]
    assert first_allowed(ranked, allowed, limit).tolist() == wanted
