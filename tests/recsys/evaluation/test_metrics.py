"""How good ranked lists are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.evaluation.metrics import (
    NOBODY,
    any_hit,
    coverage,
    gini,
    hits,
    ndcg,
    novelty,
    recall,
    reciprocal_rank,
)

HIT = np.array([[True, False, True], [False, False, False]])


def lists(*rows):
    return np.array(rows, np.int32)


def test_hits_are_relevant_items_of_the_same_user():
    found = hits(
        lists([1, 2, 3], [1, 2, NOBODY]), np.array([3, 1, 2], np.int32), np.array([0, 1, 3])
    )
    assert found.tolist() == [[False, False, True], [True, True, False]]


def test_padding_is_never_a_hit():
    found = hits(
        lists([NOBODY, NOBODY], [NOBODY, 5]), np.array([5, 5], np.int32), np.array([0, 1, 2])
    )
    assert found.tolist() == [[False, False], [False, True]]


def test_recall_divides_by_all_that_is_relevant():
    assert recall(HIT, np.array([8, 1])).tolist() == [0.25, 0.0]


def test_ndcg_is_the_textbook_figure():
    gain = 1 + 1 / np.log2(4)
    ideal = 1 + 1 / np.log2(3)
    assert ndcg(HIT, np.array([2, 1])) == pytest.approx([gain / ideal, 0.0])


def test_the_ideal_list_is_no_longer_than_the_list():
    assert ndcg(np.ones((1, 3), bool), np.array([100])).tolist() == [1.0]


def test_reciprocal_rank_is_of_the_first_hit():
    late = np.array([[False, True, True], [False, False, False]])
    assert reciprocal_rank(late).tolist() == [0.5, 0.0]
    assert reciprocal_rank(np.empty((2, 0), bool)).tolist() == [0.0, 0.0]


def test_any_hit_counts_users():
    assert any_hit(HIT).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("metric", [ndcg, recall])
def test_nothing_relevant_cannot_be_measured(metric):
    assert np.isnan(metric(HIT, np.array([0, 0]))).all()


def test_novelty_is_in_bits():
    share = np.array([0.5, 0.25, 0.125])
    bits = novelty(lists([0, 2], [1, NOBODY], [NOBODY, NOBODY]), share)
    assert bits[:2].tolist() == [2.0, 2.0]
    assert np.isnan(bits[2])


def test_coverage_counts_distinct_items():
    assert coverage(lists([0, 1], [1, NOBODY]), n_items=8) == 0.25
    assert np.isnan(coverage(lists([NOBODY]), n_items=0))


def test_gini_is_0_when_all_items_are_shown_alike():
    assert gini(lists([0, 1], [2, 3]), n_items=4) == pytest.approx(0.0)


def test_gini_is_near_1_when_one_item_is_shown_always():
    assert gini(lists(*[[7]] * 5), n_items=100) == pytest.approx(0.99)


def test_gini_of_nothing_cannot_be_measured():
    assert np.isnan(gini(lists([NOBODY]), n_items=3))


@given(
    st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=6),
    st.integers(1, 40),
)
def test_figures_are_shares_and_perfect_lists_are_perfect(rows, more):
    hit = np.array(rows)
    relevant = np.maximum(hit.sum(axis=1), 1) + more
    for figure in (ndcg(hit, relevant), recall(hit, relevant), reciprocal_rank(hit)):
        assert ((figure >= 0) & (figure <= 1)).all()
    assert (ndcg(np.ones_like(hit), relevant) == ndcg(np.ones_like(hit), relevant)).all()
    assert ndcg(np.ones((1, 5), bool), np.array([more + 4])) == pytest.approx([1.0])


@given(st.lists(st.booleans(), min_size=6, max_size=6), st.integers(1, 6), st.integers(0, 4))
def test_moving_a_hit_up_never_lowers_ndcg(row, relevant, place):
    hit = np.array([row])
    swapped = hit.copy()
    if not hit[0, place] and hit[0, place + 1]:
        swapped[0, [place, place + 1]] = True, False
    relevant = np.array([max(relevant, hit.sum())])
    assert ndcg(swapped, relevant)[0] >= ndcg(hit, relevant)[0]
