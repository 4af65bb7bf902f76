"""The spectral filter, against the dense arithmetic of its paper."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.algorithms import co_taken, spectral
from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import ItemNeighbours
from recsys.algorithms.spectral import SpectralSettings

N_USERS, N_ITEMS = 60, 25
LINEAR = SpectralSettings(
    user_exponent=0.5, in_exponent=0.5, out_exponent=0.5, low_pass=0.0, neighbours=N_ITEMS
)
BOTH = replace(LINEAR, components=6, item_exponent=0.5, low_pass=0.7)


def random_histories(seed: int = 3) -> Histories:
    rng = np.random.default_rng(seed)
    taken = rng.random((N_USERS, N_ITEMS)) < np.linspace(0.05, 0.5, N_ITEMS)
    taken[:, -1] = False
    users, items = np.nonzero(taken)
    strength = rng.integers(1, 4, len(users)).astype(float)
    return Histories.of(
        users.astype(np.int32), items.astype(np.int32), strength, n_users=N_USERS, n_items=N_ITEMS
    )


def dense(histories: Histories) -> NDArray[np.float64]:
    matrix = np.zeros((len(histories), histories.n_items))
    matrix[histories.user_row, histories.item_row] = histories.weight
    return matrix


def weights(graph: ItemNeighbours) -> NDArray[np.float64]:
    matrix = np.zeros((graph.n_items, graph.n_items))
    for item in range(graph.n_items):
        rows, weight = graph.of_item(item)
        matrix[item, rows] = weight
    return matrix


def normalised(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    users = np.maximum(matrix.sum(axis=1), 1)
    items = np.where(matrix.sum(axis=0) > 0, matrix.sum(axis=0), 1)
    return matrix / np.sqrt(users)[:, None] / np.sqrt(items), items


def off_diagonal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return matrix - np.diag(np.diag(matrix))


def rms(matrix: NDArray[np.float64], items: NDArray[np.float64]) -> float:
    return float(np.sqrt((items[:, None] * matrix**2).sum()))


def itself(matrix: NDArray[np.float64]) -> float:
    own = np.diag(matrix.T @ matrix)
    return float(own[own > 0].mean())


def test_half_everywhere_is_the_graph_of_gf_cf() -> None:
    histories = random_histories()
    matrix, _ = normalised(dense(histories))
    expected = off_diagonal(matrix.T @ matrix) / itself(matrix)
    np.testing.assert_allclose(
        weights(spectral.fit(histories, LINEAR, seed=1)), expected, rtol=1e-4, atol=1e-7
    )


@pytest.mark.parametrize("soft", [0.0, 1.0])
def test_low_pass_adds_the_first_singular_vectors_in_the_units_of_the_graph(soft: float) -> None:
    histories = random_histories()
    matrix, items = normalised(dense(histories))
    _, values, vectors = np.linalg.svd(matrix)
    kept = vectors[:6].T * values[:6] ** soft @ vectors[:6]
    ideal = off_diagonal(kept / np.sqrt(items)[:, None] * np.sqrt(items))
    linear = off_diagonal(matrix.T @ matrix)
    both = (linear + 0.7 * ideal * rms(linear, items) / rms(ideal, items)) / itself(matrix)
    settings = replace(BOTH, soft=soft)
    np.testing.assert_allclose(
        weights(spectral.fit(histories, settings, seed=1)),
        np.maximum(both, 0),
        rtol=1e-2,
        atol=1e-3,
    )


def test_the_strongest_edges_are_kept() -> None:
    histories = random_histories()
    whole = weights(spectral.fit(histories, BOTH, seed=1))
    few = weights(spectral.fit(histories, replace(BOTH, neighbours=4), seed=1))
    assert ((few > 0).sum(axis=1) <= 4).all()
    for item in range(N_ITEMS):
        assert sorted(few[item][few[item] > 0]) == pytest.approx(
            sorted(whole[item])[-4:][: (few[item] > 0).sum()]
        )


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    histories = random_histories()
    alone = spectral.fit(histories, BOTH, seed=1)
    monkeypatch.setattr(co_taken, "BLOCK", 4)
    together = spectral.fit(histories, BOTH, seed=1)
    np.testing.assert_array_equal(together.indices, alone.indices)
    np.testing.assert_allclose(together.data, alone.data, rtol=1e-5)


def test_a_basis_may_have_more_components_than_are_used() -> None:
    histories = random_histories()
    most = spectral.decompose(histories, replace(BOTH, components=20), seed=1)
    np.testing.assert_allclose(
        weights(spectral.graph(histories, most, BOTH)),
        weights(spectral.fit(histories, BOTH, seed=1)),
        rtol=1e-2,
        atol=1e-3,
    )


def test_out_exponent_lowers_popular_items() -> None:
    histories = random_histories()
    popular = int(co_taken.popularity(histories).argmax())
    low, high = (
        weights(spectral.fit(histories, replace(LINEAR, out_exponent=exponent), seed=1))
        for exponent in (0.2, 0.8)
    )
    share = [w[:, popular].sum() / w.sum() for w in (low, high)]
    assert share[1] < share[0]


def test_few_users_are_decomposed_exactly() -> None:
    histories = random_histories().of_users(np.arange(12, dtype=np.int32))
    basis = spectral.decompose(histories, replace(BOTH, components=6), seed=1)
    _, values, vectors = np.linalg.svd(normalised(dense(histories))[0])
    np.testing.assert_allclose(basis.values, values[:6], rtol=1e-5)
    np.testing.assert_allclose(np.abs(vectors[:6] @ basis.vectors[:]), np.eye(6), atol=1e-4)


def test_few_users_have_the_low_pass_of_their_vectors() -> None:
    histories = random_histories().of_users(np.arange(12, dtype=np.int32))
    basis = spectral.decompose(histories, BOTH, seed=1)
    dense_basis = replace(basis, vectors=basis.vectors[:])
    np.testing.assert_allclose(
        weights(spectral.graph(histories, basis, BOTH)),
        weights(spectral.graph(histories, dense_basis, BOTH)),
        rtol=1e-4,
        atol=1e-6,
    )


def test_users_who_took_the_same_have_one_direction() -> None:
    same = random_histories().of_users(np.zeros(8, np.int32))
    basis = spectral.decompose(same, replace(BOTH, components=4), seed=1)
    lengths = np.linalg.norm(basis.vectors[:], axis=0)
    np.testing.assert_allclose(lengths, [1, 0, 0, 0], atol=1e-5)


def test_more_components_than_there_are_users_or_items_are_cut() -> None:
    histories = random_histories().of_users(np.array([0, 1, 2], np.int32))
    basis = spectral.decompose(histories, SpectralSettings(components=512), seed=1)
    assert basis.vectors[:].shape == (N_ITEMS, 2)


def test_settings_have_a_name() -> None:
    assert str(BOTH) == (
        "spectral, 6 components, softness 0, low-pass 0.7, exponents 0.5/0.5/0.5, 25 neighbours"
    )
