"""Who wants an item, and who is like whom: on histories whose answer is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from recsys.algorithms import neighbours
from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import ItemNeighbours, NeighbourSettings
from recsys.items.affinity import OWN, alike, wanting

TEA, POT, CUP, SAW, NAIL = range(5)


def histories(*users: Sequence[int]) -> Histories:
    pairs = [(user, item) for user, items in enumerate(users) for item in items]
    rows = np.array(pairs, np.int32).reshape(-1, 2)
    strength = np.ones(len(rows))
    return Histories.of(rows[:, 0], rows[:, 1], strength, n_users=len(users), n_items=5)


def graph(of: Histories) -> ItemNeighbours:
    return neighbours.fit(of, NeighbourSettings("cosine", 10))


LIVES = histories([TEA, POT], [TEA, POT, CUP], [POT], [SAW, NAIL], [SAW], [])


def order(score: np.ndarray) -> list[int]:
    return [row for row in np.argsort(-score, kind="stable").tolist() if score[row] > 0]


def test_who_took_it_comes_first_then_who_took_what_is_alike_and_nobody_else() -> None:
    score = wanting(LIVES, graph(LIVES), np.array([TEA], np.int32))
    assert set(order(score)[:2]) == {0, 1}
    assert order(score)[2:] == [2]
    assert score[3] == score[4] == score[5] == 0


def test_the_score_is_the_sum_over_what_was_taken() -> None:
    found = graph(LIVES)
    edges = slice(found.indptr[TEA], found.indptr[TEA + 1])
    near = dict(zip(found.indices[edges].tolist(), found.data[edges].tolist(), strict=True))
    score = wanting(LIVES, found, np.array([TEA], np.int32))
    assert score[2] == pytest.approx(near[POT])
    assert score[0] == pytest.approx(OWN + near[POT])


def test_several_items_are_wanted_as_any_of_them() -> None:
    both = wanting(LIVES, graph(LIVES), np.array([TEA, SAW], np.int32))
    each = [wanting(LIVES, graph(LIVES), np.array([one], np.int32)) for one in (TEA, SAW)]
    np.testing.assert_allclose(both, each[0] + each[1])


def test_of_an_item_that_nobody_took_nothing_is_said() -> None:
    lives = histories([TEA], [POT])
    assert not wanting(lives, graph(lives), np.array([NAIL], np.int32)).any()


def test_alike_is_the_mean_cosine_of_what_was_taken() -> None:
    score = alike(LIVES, np.array([0], np.int32))
    expected = [1.0, 2 / np.sqrt(6), 1 / np.sqrt(2), 0.0, 0.0, 0.0]
    np.testing.assert_allclose(score, expected)
    two = alike(LIVES, np.array([0, 3], np.int32))
    np.testing.assert_allclose(two, (score + alike(LIVES, np.array([3], np.int32))) / 2)


def test_nobody_is_like_nobody() -> None:
    assert not alike(LIVES, np.array([], np.int32)).any()
    assert not alike(LIVES, np.array([5], np.int32)).any()
