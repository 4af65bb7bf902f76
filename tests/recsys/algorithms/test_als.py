"""Fold-in and explanation of the factorisation, against the library that fitted it."""

import numpy as np
import pytest
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from recsys.algorithms import als
from recsys.algorithms.als import AlsFactors, AlsSettings
from recsys.algorithms.histories import Histories

SETTINGS = AlsSettings(factors=16, alpha=5.0, regularization=2.0)
ROWS = np.array([0, 3, 7, 20], np.int32)
WEIGHTS = np.array([0.1, 1.0, 2.5, 0.01], np.float32)


@pytest.fixture(name="fitted", scope="module")
def _fitted() -> AlsFactors:
    rng = np.random.default_rng(3)
    users, items = rng.integers(0, 60, 900), rng.integers(0, 30, 900)
    histories = Histories.of(
        users.astype(np.int32), items.astype(np.int32), rng.random(900), n_users=60, n_items=30
    )
    return als.fit(histories, SETTINGS, seed=11)


@pytest.fixture(name="theirs", scope="module")
def _theirs(fitted: AlsFactors) -> AlternatingLeastSquares:
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(factors=16, regularization=2.0, num_threads=1)
    model.item_factors = fitted.item_factors
    return model


def row() -> csr_matrix:
    confidence = 1 + 5.0 * WEIGHTS
    return csr_matrix((confidence, (np.zeros(4, int), ROWS)), shape=(1, 30), dtype=np.float32)


def test_fold_in_equals_the_library(fitted: AlsFactors, theirs: AlternatingLeastSquares) -> None:
    expected = theirs.recalculate_user(0, row())
    np.testing.assert_allclose(fitted.fold_in(ROWS, WEIGHTS), expected, rtol=2e-4, atol=1e-5)


def test_explanation_equals_the_library(
    fitted: AlsFactors, theirs: AlternatingLeastSquares
) -> None:
    ours = fitted.explain(ROWS, WEIGHTS, np.array([4], np.int32))[:, 0]
    total, contributions, _ = theirs.explain(0, row(), 4)
    assert ours.sum() == pytest.approx(total, rel=1e-3)
    for item, score in contributions:
        assert ours[ROWS.tolist().index(item)] == pytest.approx(score, rel=1e-3, abs=1e-6)


def test_many_are_folded_in_as_one_is_be_their_histories_short_or_long(fitted: AlsFactors) -> None:
    short, long = np.array([2, 9]), np.arange(4, 29)
    histories = Histories.of(
        np.repeat([0, 2], [2, 25]).astype(np.int32),
        np.concatenate([short, long]).astype(np.int32),
        np.linspace(0.1, 3.0, 27),
        n_users=3,
        n_items=30,
    )
    together = fitted.fold_in_all(histories)
    alone = [fitted.fold_in(*histories.of_user(user)) for user in range(3)]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)
    assert not together[1].any()


def test_another_seed_gives_other_factors(fitted: AlsFactors) -> None:
    histories = Histories(
        np.array([0, 2]), np.array([0, 1], np.int32), np.ones(2, np.float32), n_items=30
    )
    first, second = (als.fit(histories, SETTINGS, seed=seed) for seed in (1, 2))
    assert not np.array_equal(first.item_factors, second.item_factors)
    assert fitted.item_factors.shape == (30, 16)


def test_settings_have_a_name() -> None:
    assert str(SETTINGS) == "ALS, 16 factors, alpha 5, lambda 2"
