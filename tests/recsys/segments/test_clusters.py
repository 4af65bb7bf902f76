"""Whose content is nearest to which centre."""

from __future__ import annotations

import numpy as np

from recsys.data.ids import NO_ITEM
from recsys.segments import clusters
from recsys.segments.clusters import NO_CLUSTER, Clusters

VECTORS = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [0, 1], [0, 0]], np.float32)
TWO = Clusters(("tea", "toys"), ((), ()), VECTORS, np.eye(2, dtype=np.float32), 1.0)


def of(*users: list[int]) -> list[int]:
    items = np.array([row for own in users for row in own], np.int32)
    indptr = np.concatenate([[0], np.cumsum([len(own) for own in users])]).astype(np.int64)
    clusters: list[int] = TWO.of(items, indptr).tolist()
    return clusters


def test_users_are_in_the_cluster_of_most_of_their_items() -> None:
    assert of([0, 1, 2], [3, 4, 5], [0, 1, 3], [3, 4, 0]) == [0, 1, 0, 1]


def test_an_item_counts_once_however_often_it_was_bought() -> None:
    assert of([0, 0, 0, 0, 1, 3, 4, 5]) == [1]


def test_too_few_different_items_make_no_cluster() -> None:
    assert of([0, 0, 0, 1], [], [NO_ITEM, 0, 1], [6, 6, 6]) == [NO_CLUSTER] * 4


def test_items_that_say_nothing_make_no_cluster() -> None:
    blank = Clusters(("a",), ((),), np.zeros((3, 2), np.float32), np.zeros((1, 2), np.float32), 1.0)
    rows, indptr = np.arange(3, dtype=np.int32), np.array([0, 3], np.int64)
    assert blank.of(rows, indptr).tolist() == [NO_CLUSTER]


def test_ties_go_to_the_lower_cluster() -> None:
    assert of([0, 1, 3, 4]) == [0]


def test_one_user_is_placed_as_in_a_batch() -> None:
    rng = np.random.default_rng(3)
    users = [rng.integers(0, 6, size=5).tolist() for _ in range(50)]
    assert of(*users) == [of(own)[0] for own in users]


def test_pairs_of_user_and_item_come_once_and_in_order() -> None:
    user, item = clusters.different(
        np.array([2, 1, 2, NO_ITEM, 0], np.int32), np.array([0, 3, 5], np.int64), n_items=3
    )
    assert list(zip(user.tolist(), item.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 0)]


def test_pairs_are_distinct_and_in_order() -> None:
    first, second = np.array([2, 0, 2, 0, 1], np.int32), np.array([1, 3, 1, 2, 0], np.int32)
    found = clusters.distinct(first, second, size=4)
    assert [each.tolist() for each in found] == [[0, 0, 1, 2], [2, 3, 0, 1]]


def test_no_pairs_are_none() -> None:
    nothing = np.empty(0, np.int32)
    assert [len(each) for each in clusters.distinct(nothing, nothing, size=4)] == [0, 0]
