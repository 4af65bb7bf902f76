"""How good ranked lists are."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.evaluation.metrics import (
    NOBODY,
    any_hit,
    coverage,
    gini,
    hits,
    intra_list_similarity,
    ndcg,
    novelty,
    recall,
    reciprocal_rank,
    short_head,
)

HIT = np.array([[True, False, True], [False, False, False]])


def lists(*rows: list[int]) -> NDArray[np.int32]:
    return np.array(rows, np.int32)


def test_hits_are_relevant_items_of_the_same_user() -> None:
    found = hits(
        lists([1, 2, 3], [1, 2, NOBODY]), np.array([3, 1, 2], np.int32), np.array([0, 1, 3])
    )
    assert found.tolist() == [[False, False, True], [True, True, False]]


def test_padding_is_never_a_hit() -> None:
    found = hits(
        lists([NOBODY, NOBODY], [NOBODY, 5]), np.array([5, 5], np.int32), np.array([0, 1, 2])
    )
    assert found.tolist() == [[False, False], [False, True]]


def test_recall_divides_by_all_that_is_relevant() -> None:
    assert recall(HIT, np.array([8, 1])).tolist() == [0.25, 0.0]


def test_ndcg_is_the_textbook_figure() -> None:
    gain = 1 + 1 / np.log2(4)
    ideal = 1 + 1 / np.log2(3)
    assert ndcg(HIT, np.array([2, 1])) == pytest.approx([gain / ideal, 0.0])


def test_the_ideal_list_is_no_longer_than_the_list() -> None:
    assert ndcg(np.ones((1, 3), bool), np.array([100])).tolist() == [1.0]


def test_reciprocal_rank_is_of_the_first_hit() -> None:
    late = np.array([[False, True, True], [False, False, False]])
    assert reciprocal_rank(late).tolist() == [0.5, 0.0]
    assert reciprocal_rank(np.empty((2, 0), bool)).tolist() == [0.0, 0.0]


def test_any_hit_counts_users() -> None:
    assert any_hit(HIT).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("metric", [ndcg, recall])
def test_nothing_relevant_cannot_be_measured(
    metric: Callable[[NDArray[np.bool_], NDArray[np.int64]], NDArray[np.float64]],
) -> None:
    assert np.isnan(metric(HIT, np.array([0, 0]))).all()


def test_novelty_is_in_bits() -> None:
    share = np.array([0.5, 0.25, 0.125])
    bits = novelty(lists([0, 2], [1, NOBODY], [NOBODY, NOBODY]), share)
    assert bits[:2].tolist() == [2.0, 2.0]
    assert np.isnan(bits[2])


def test_coverage_counts_distinct_items() -> None:
    assert coverage(lists([0, 1], [1, NOBODY]), n_items=8) == 0.25
    assert np.isnan(coverage(lists([NOBODY]), n_items=0))


def test_gini_is_0_when_all_items_are_shown_alike() -> None:
    assert gini(lists([0, 1], [2, 3]), n_items=4) == pytest.approx(0.0)


TAKERS = np.array([0, 1, 0, 1, 2, 3, 0], np.int32)
TAKEN = np.array([0, 0, 1, 1, 2, 2, 3], np.int32)
"""Users 0 and 1 took items 0 and 1; users 2 and 3 took item 2; user 0 took item 3 too."""


def alike(*rows: list[int]) -> NDArray[np.float64]:
    return intra_list_similarity(lists(*rows), TAKERS, TAKEN, n_items=5)


def test_items_of_the_same_users_are_alike_to_one_and_of_others_not_at_all() -> None:
    assert alike([0, 1]) == pytest.approx([1.0])
    assert alike([0, 2]) == pytest.approx([0.0])
    assert alike([0, 3]) == pytest.approx([1 / 2**0.5])


def test_the_similarity_of_a_list_is_the_mean_over_its_pairs() -> None:
    pairs = [1.0, 0.0, 0.0]
    assert alike([0, 1, 2], [2, 3, NOBODY]) == pytest.approx([np.mean(pairs), 0.0])


def test_an_item_that_nobody_took_is_like_no_other() -> None:
    assert alike([0, 1, 4]) == pytest.approx([1 / 3])


def test_lists_without_a_pair_have_no_similarity() -> None:
    assert np.isnan(alike([0, NOBODY], [NOBODY, NOBODY])).all()


@given(st.lists(st.permutations(range(5)), min_size=1, max_size=4))
def test_similarity_is_a_share_whatever_the_order(rows: list[list[int]]) -> None:
    figure = alike(*(row[:4] for row in rows))
    assert ((figure >= 0) & (figure <= 1 + 1e-12)).all()
    assert alike(*(row[:4][::-1] for row in rows)) == pytest.approx(figure)


def test_the_short_head_holds_a_third_of_what_was_taken() -> None:
    assert short_head(np.array([1, 50, 30, 70, 49])).tolist() == [False, False, False, True, False]
    assert short_head(np.array([10, 10, 10])).tolist() == [True, False, False]
    assert not short_head(np.zeros(4, np.int64)).any()


def test_gini_is_near_1_when_one_item_is_shown_always() -> None:
    assert gini(lists(*[[7]] * 5), n_items=100) == pytest.approx(0.99)


def test_gini_of_nothing_cannot_be_measured() -> None:
    assert np.isnan(gini(lists([NOBODY]), n_items=3))


@given(
    st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=6),
    st.integers(1, 40),
)
def test_figures_are_shares_and_perfect_lists_are_perfect(
    rows: list[list[bool]], more: int
) -> None:
    hit = np.array(rows)
    relevant = np.maximum(hit.sum(axis=1), 1) + more
    for figure in (ndcg(hit, relevant), recall(hit, relevant), reciprocal_rank(hit)):
        assert ((figure >= 0) & (figure <= 1)).all()
    assert (ndcg(np.ones_like(hit), relevant) == ndcg(np.ones_like(hit), relevant)).all()
    assert ndcg(np.ones((1, 5), bool), np.array([more + 4])) == pytest.approx([1.0])


@given(st.lists(st.booleans(), min_size=6, max_size=6), st.integers(1, 6), st.integers(0, 4))
def test_moving_a_hit_up_never_lowers_ndcg(row: list[bool], relevant: int, place: int) -> None:
    hit = np.array([row])
    swapped = hit.copy()
    if not hit[0, place] and hit[0, place + 1]:
        swapped[0, [place, place + 1]] = True, False
    wanted = np.array([max(relevant, hit.sum())])
    assert ndcg(swapped, wanted)[0] >= ndcg(hit, wanted)[0]
