"""The truncated item graph."""

import numpy as np
import pytest

from recsys.algorithms import neighbours
from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import NeighbourSettings, Weighting


def taken(*baskets: tuple[int, ...], n_items: int) -> Histories:
    users = np.repeat(np.arange(len(baskets)), [len(b) for b in baskets]).astype(np.int32)
    items = np.array([item for basket in baskets for item in basket], np.int32)
    return Histories.of(users, items, np.ones(len(items)), n_users=len(baskets), n_items=n_items)


def test_cosine_is_the_textbook_figure() -> None:
    graph = neighbours.fit(
        taken((0, 1), (0, 1), (0, 2), (1,), n_items=3), NeighbourSettings("cosine", 2)
    )
    rows, similarity = graph.of_item(0)
    assert rows.tolist() == [1, 2]
    assert similarity == pytest.approx([2 / 3, 1 / np.sqrt(3)])


def test_an_item_is_not_its_own_neighbour() -> None:
    graph = neighbours.fit(taken((0, 1), (0, 1), n_items=2), NeighbourSettings("bm25", 1))
    assert [graph.of_item(item)[0].tolist() for item in (0, 1)] == [[1], [0]]


def test_only_the_strongest_are_kept() -> None:
    baskets = [(0, 1)] * 3 + [(0, 2)] * 2 + [(0, 3)]
    graph = neighbours.fit(taken(*baskets, n_items=4), NeighbourSettings("cosine", 2))
    assert graph.of_item(0)[0].tolist() == [1, 2]


def test_heavy_users_say_less_under_tfidf() -> None:
    everything = tuple(range(20))
    baskets = [everything, (0, 1), (2, 3), everything]
    cosine, tfidf = (
        neighbours.fit(taken(*baskets, n_items=20), NeighbourSettings(weighting, 19))
        for weighting in ("cosine", "tfidf")
    )
    assert tfidf.of_item(0)[0][0] == cosine.of_item(0)[0][0] == 1
    assert (
        dict(zip(*map(list, tfidf.of_item(0)), strict=True))[5]
        < (dict(zip(*map(list, cosine.of_item(0)), strict=True))[5])
    )


@pytest.mark.parametrize("weighting", ["bm25", "cosine", "tfidf"])
def test_score_is_the_weighted_sum_of_similarities(weighting: Weighting) -> None:
    graph = neighbours.fit(
        taken((0, 1, 2), (0, 1), (1, 2), (0, 3), n_items=4), NeighbourSettings(weighting, 3)
    )
    dense = np.zeros((4, 4))
    for item in range(4):
        rows, similarity = graph.of_item(item)
        dense[item, rows] = similarity
    score = graph.score(np.array([0, 2], np.int32), np.array([1.0, 0.5], np.float32))
    np.testing.assert_allclose(score, dense[0] + 0.5 * dense[2], rtol=1e-6)


def test_settings_have_a_name() -> None:
    assert str(NeighbourSettings("bm25", 50)) == "50 neighbours, bm25"
