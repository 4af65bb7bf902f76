"""The parts of the ranker, against the dense arithmetic they stand for."""

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.algorithms.als import AlsSettings
from recsys.algorithms.histories import Histories
from tests.recsys.algorithms.test_spectral import dense, random_histories
from training.benchmark import parts
from training.benchmark.parts import Parts, SpectralPartSettings, Workshop, matrix

SMALL = SpectralPartSettings(
    exponents=((0.5, 0.5, 0.5), (0.0, 1.0, 0.0)),
    edges=4,
    components=6,
    item_exponent=0.5,
    factors=(AlsSettings(8, alpha=2.0, regularization=1.0),),
)


@pytest.fixture(name="histories", scope="module")
def _histories() -> Histories:
    return random_histories()


@pytest.fixture(name="fitted", scope="module")
def _fitted(histories: Histories) -> Parts:
    return parts.fit(histories, SMALL, seed=1)


def co_taken(
    histories: Histories, of_user: float, of_history: float, of_scored: float
) -> NDArray[np.float64]:
    taken = dense(histories)
    popular = np.maximum(taken.sum(axis=0), 1)
    weighed = taken * np.maximum(taken.sum(axis=1, keepdims=True), 1) ** -of_user
    found = weighed.T @ weighed
    np.fill_diagonal(found, 0)
    scaled: NDArray[np.float64] = found * popular[:, None] ** -of_history
    scaled *= popular**-of_scored
    return scaled


def test_each_graph_weighs_the_strongest_edges_of_the_first_by_its_own_exponents(
    fitted: Parts, histories: Histories
) -> None:
    first, second = (graph.toarray() for graph in fitted.graphs)
    for row, whole in zip(first, co_taken(histories, *SMALL.exponents[0]), strict=True):
        np.testing.assert_allclose(np.sort(row)[-4:], np.sort(whole)[-4:], rtol=1e-5)
        assert (row > 0).sum() == min((whole > 0).sum(), 4)
    np.testing.assert_allclose(
        second, co_taken(histories, *SMALL.exponents[1]) * (first > 0), rtol=1e-5
    )


def test_all_graphs_have_the_same_edges_in_the_same_order(fitted: Parts) -> None:
    for graph in fitted.graphs[1:]:
        np.testing.assert_array_equal(graph.indices, fitted.graphs[0].indices)
        np.testing.assert_array_equal(graph.indptr, fitted.graphs[0].indptr)


def test_vectors_answer_with_the_low_pass_and_the_factors(
    fitted: Parts, histories: Histories
) -> None:
    said = fitted.user_vectors(histories)
    low, end = fitted.bounds[-2:]
    taken = dense(histories)
    users, items = np.maximum(taken.sum(axis=1), 1), np.maximum(taken.sum(axis=0), 1)
    _, _, basis = np.linalg.svd(taken / np.sqrt(users)[:, None] / np.sqrt(items))
    expected = (taken / np.sqrt(items)) @ basis[:6].T @ basis[:6] * np.sqrt(items)
    np.testing.assert_allclose(
        said[:, :low] @ fitted.vectors[:, :low].T, expected, rtol=1e-2, atol=1e-2
    )
    np.testing.assert_allclose(
        said[:, low:end] @ fitted.vectors[:, low:end].T,
        fitted.factors[0].score_all(histories),
        rtol=1e-5,
        atol=1e-6,
    )


def test_threads_change_nothing(fitted: Parts, histories: Histories) -> None:
    again = parts.fit(histories, SMALL, seed=1, threads=3)
    np.testing.assert_array_equal(again.vectors, fitted.vectors)
    for first, second in zip(fitted.graphs, again.graphs, strict=True):
        np.testing.assert_array_equal(first.data, second.data)


def test_a_workshop_fits_only_what_changed(histories: Histories) -> None:
    workshop = Workshop(histories, seed=1, threads=1)
    before = workshop.fit(SMALL)
    workshop.settle(SMALL)
    after = workshop.fit(SpectralPartSettings(SMALL.exponents, 2, 6, 0.5, SMALL.factors))
    assert after.factors[0] is before.factors[0]
    assert after.graphs[0].nnz < before.graphs[0].nnz
    assert workshop.fit(SMALL).graphs[0] is before.graphs[0]


def test_a_small_file_starts_with_few_factors_and_components() -> None:
    starts = [SpectralPartSettings.of_size(pairs) for pairs in (10, 30_000, 800_000, 10**9)]
    assert [[each.factors for each in start.factors] for start in starts] == [
        [16, 8],
        [16, 8],
        [256, 64],
        [256, 64],
    ]
    assert [start.components for start in starts] == [128, 128, 1024, 1024]


def test_the_matrix_holds_the_weights(histories: Histories) -> None:
    np.testing.assert_array_equal(matrix(histories).toarray(), dense(histories).astype(np.float32))
