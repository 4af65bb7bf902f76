"""Boosted trees as arrays, held against the library that fitted them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from recsys.algorithms import trees
from recsys.algorithms.trees import Trees, TreeSettings

SETTINGS = TreeSettings(trees=12, depth=3, smallest=20)


def crossed(n: int = 2_000, *, seed: int = 1) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Rows where one of two features alone says nothing and both together say all."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n, 3)).astype(np.float32).astype(np.float64)
    return x, (x[:, 0] > 0) != (x[:, 2] > 0)


def score(model: Trees, x: NDArray[np.float64]) -> NDArray[np.float32]:
    return model.score(np.ascontiguousarray(x.T, np.float32))


def test_what_does_not_add_up_is_learned() -> None:
    model = trees.fit(*crossed(), TreeSettings(smallest=20), seed=0)
    x, chosen = crossed(seed=2)
    assert ((score(model, x) > 0) == chosen).mean() > 0.95


def test_it_says_what_the_library_says() -> None:
    x, chosen = crossed()
    bare = HistGradientBoostingClassifier(
        max_iter=12,
        max_depth=3,
        max_leaf_nodes=None,
        learning_rate=SETTINGS.rate,
        min_samples_leaf=20,
        l2_regularization=SETTINGS.ridge,
        early_stopping=False,
    ).fit(x, chosen)
    ours = score(trees.fit(x, chosen, SETTINGS, seed=0), x)
    np.testing.assert_allclose(ours, bare.decision_function(x), rtol=1e-4, atol=1e-5)


def test_one_row_alone_scores_as_among_others() -> None:
    x, chosen = crossed()
    model = trees.fit(x, chosen, SETTINGS, seed=0)
    together = score(model, x[:50])
    alone = [score(model, row[None])[0] for row in x[:50]]
    np.testing.assert_array_equal(together, alone)


def test_the_same_rows_give_the_same_trees() -> None:
    first, second = (trees.fit(*crossed(), SETTINGS, seed=0) for _ in range(2))
    assert first == second
    assert first != trees.fit(*crossed(seed=3), SETTINGS, seed=0)


@pytest.mark.parametrize("kind", [True, False])
def test_rows_all_of_one_kind_need_no_tree(kind: bool) -> None:
    model = trees.fit(np.zeros((9, 2)), np.full(9, kind), SETTINGS, seed=0)
    found = score(model, np.zeros((3, 2)))
    assert len(set(found.tolist())) == 1
    assert (found[0] > 0) == kind


def test_too_few_rows_for_a_leaf_all_score_alike() -> None:
    x, chosen = crossed(30)
    assert len(set(score(trees.fit(x, chosen, SETTINGS, seed=0), x).tolist())) == 1


def test_nothing_to_score_is_nothing() -> None:
    model = trees.fit(*crossed(), SETTINGS, seed=0)
    assert model.score(np.zeros((3, 0), np.float32)).shape == (0,)


@given(st.floats(-5, 5, width=32), st.floats(-5, 5, width=32))
@settings(max_examples=30)
def test_a_tree_asks_its_questions_in_order(first: float, second: float) -> None:
    model = Trees(
        feature=np.array([[0, 1, 1]], np.int16),
        threshold=np.array([[0.0, -1.0, 1.0]]),
        value=np.array([[1.0, 2.0, 3.0, 4.0]], np.float32),
        start=0.5,
    )
    leaf = (2 * (first > 0)) + (second > (1.0 if first > 0 else -1.0))
    found = model.score(np.array([[first], [second]], np.float32))
    assert found[0] == 0.5 + [1.0, 2.0, 3.0, 4.0][leaf]
