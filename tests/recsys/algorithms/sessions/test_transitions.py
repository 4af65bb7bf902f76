"""What follows what: counts worked out by hand."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from recsys.algorithms.sessions import transitions
from recsys.algorithms.sessions.log import Sessions
from recsys.algorithms.sessions.transitions import TransitionSettings

PLAIN = TransitionSettings(
    ahead=1.0, behind=1e9, backward=0.5, again=0.25, age=1e9, doubt=0.0, neighbours=3, through=3
)


def counted(
    log: list[list[int]], settings: TransitionSettings = PLAIN, n_items: int = 4
) -> csr_matrix[np.float32]:
    return csr_matrix(transitions.counted(Sessions.of(log, n_items=n_items), settings))


def test_pairs_count_less_the_farther_apart_and_backwards() -> None:
    found = counted([[0, 1, 2]]).toarray()
    expected: list[list[float]] = [
        [0.25, 1.0, exp(-1), 0],
        [0.5, 0.25, 1.0, 0],
        [0.5, 0.5, 0.25, 0],
        [0, 0, 0, 0],
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_sessions_do_not_touch() -> None:
    assert counted([[0], [1]]).toarray()[0, 1] == 0.0


def test_older_pairs_count_less() -> None:
    found = counted([[0, 1], [0, 2]], TransitionSettings(age=1.0)).toarray()
    assert found[0, 1] == pytest.approx(found[0, 2] * exp(-1))


def test_chances_add_up_to_one_without_doubt_and_less_with() -> None:
    counts = counted([[0, 1], [0, 2]])
    one = np.ones(1, np.float32)
    sure = transitions.chances(counts, PLAIN).score(np.array([0], np.int32), one)
    unsure = transitions.chances(counts, TransitionSettings(doubt=1.0)).score(
        np.array([0], np.int32), one
    )
    assert sure.sum() == pytest.approx(1.0)
    assert unsure.sum() == pytest.approx(2.5 / 3.5)


def test_only_the_strongest_neighbours_are_kept() -> None:
    counts = counted([[0, 1, 2, 3]])
    graph = transitions.chances(counts, TransitionSettings(neighbours=1))
    assert np.diff(graph.indptr).tolist() == [1, 1, 1, 1]


def test_two_steps_reach_what_was_never_together() -> None:
    graph = transitions.second_steps(counted([[0, 1], [1, 2]]), PLAIN)
    items, _ = graph.of_item(0)
    assert 2 in items.tolist()
    assert 1 not in items.tolist()


def test_items_with_the_same_company_have_near_vectors() -> None:
    log = [[0, 2], [1, 2], [3, 4]] * 20
    found = transitions.vectors(counted(log, n_items=6), 3, seed=0)
    assert found[0] @ found[1] > 0.9
    assert abs(found[0] @ found[3]) < 0.1
    np.testing.assert_allclose(np.linalg.norm(found[:5], axis=1), 1.0, rtol=1e-5)
    assert np.abs(found[5]).max() < 1e-3
