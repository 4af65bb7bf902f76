"""What each user could be shown."""

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories
from recsys.evaluation.metrics import NOBODY
from tests.recsys.algorithms.test_spectral import N_ITEMS, dense, random_histories
from tests.training.benchmark.test_parts import SMALL
from training.benchmark import candidates as module
from training.benchmark import parts
from training.benchmark.candidates import candidates
from training.benchmark.parts import Parts, matrix


@pytest.fixture(name="histories", scope="module")
def _histories() -> Histories:
    return random_histories()


@pytest.fixture(name="fitted", scope="module")
def _fitted(histories: Histories) -> Parts:
    return parts.fit(histories, SMALL, seed=1)


def all_of(
    fitted: Parts, histories: Histories, n: int, **how: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    found = list(candidates(fitted, histories, n, **how))
    return (
        np.concatenate([block.item_row for block in found]),
        np.concatenate([block.features for block in found]),
    )


def test_nothing_of_the_history_and_nothing_twice(fitted: Parts, histories: Histories) -> None:
    item_row, _ = all_of(fitted, histories, N_ITEMS)
    for (rows, _), own in zip(histories, item_row, strict=True):
        shown = own[own != NOBODY]
        assert sorted([*shown, *rows]) == list(range(N_ITEMS))


def test_the_best_of_the_first_graph_come_first_then_the_most_popular(
    fitted: Parts, histories: Histories
) -> None:
    near = (matrix(histories) @ fitted.graphs[0]).toarray()
    item_row, _ = all_of(fitted, histories, 12)
    for user, own in enumerate(item_row):
        score = near[user].copy()
        score[histories.of_user(user)[0]] = 0
        n_near = min((score > 0).sum(), 12)
        np.testing.assert_allclose(score[own[:n_near]], np.sort(score)[::-1][:n_near])
        assert (np.diff(fitted.popularity[own[n_near:]]) <= 0).all()


def test_features_are_what_the_parts_say_in_units_of_their_spread(
    fitted: Parts, histories: Histories
) -> None:
    item_row, features = all_of(fitted, histories, 8)
    for graph, place in zip(fitted.graphs, (0, 1), strict=True):
        said = np.take_along_axis((matrix(histories) @ graph).toarray(), item_row, axis=1)
        spread = said.std(axis=1, keepdims=True)
        expected = (said - said.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
        np.testing.assert_allclose(features[:, :, place], expected, rtol=1e-3, atol=1e-4)
    factors = fitted.factors[0].score_all(histories)
    said = np.take_along_axis(factors, item_row, axis=1)
    expected = (said - said.mean(axis=1, keepdims=True)) / said.std(axis=1, keepdims=True)
    np.testing.assert_allclose(features[:, :, -2], expected, rtol=1e-2, atol=1e-3)
    np.testing.assert_allclose(features[:, :, -1], np.log(fitted.popularity)[item_row], rtol=1e-5)


def test_squares_tell_one_strong_edge_from_many_weak_ones(
    fitted: Parts, histories: Histories
) -> None:
    squares = matrix(histories) @ fitted.graphs[0].power(2)
    item_row, features = all_of(fitted, histories, 6)
    said = np.log(np.take_along_axis(squares.toarray(), item_row, axis=1) + 1e-12)
    expected = (said - said.mean(axis=1, keepdims=True)) / said.std(axis=1, keepdims=True)
    np.testing.assert_allclose(features[:, :, 2], expected, rtol=1e-2, atol=1e-3)


def test_blocks_and_threads_change_nothing(
    fitted: Parts, histories: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = all_of(fitted, histories, 9)
    monkeypatch.setattr(module, "BLOCK", 7)
    parted = all_of(fitted, histories, 9, threads=3)
    np.testing.assert_array_equal(parted[0], whole[0])
    np.testing.assert_allclose(parted[1], whole[1], rtol=1e-4, atol=1e-5)


def test_a_user_without_a_history_gets_the_most_popular(
    fitted: Parts, histories: Histories
) -> None:
    nobody = histories.of_users(np.array([0], np.int32))
    nobody = type(nobody)(np.zeros(2, np.int64), nobody.item_row[:0], nobody.weight[:0], N_ITEMS)
    item_row, features = all_of(fitted, nobody, 3)
    popular = dense(histories).sum(axis=0)
    assert item_row[0].tolist() == np.argsort(-popular, kind="stable")[:3].tolist()
    assert np.isfinite(features).all()
