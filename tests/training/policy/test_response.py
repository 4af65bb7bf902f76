"""Shrunken tables of sums over rows."""

from __future__ import annotations

import numpy as np
import pytest

from training.policy import response
from training.policy.response import GRID, Shrinkage, Sums, choose, fit, sums, total

N_ARMS = 3


def rows(n: int, *, seed: int = 1, own: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return design, action and reward; `own` scales what each arm has of its own."""
    rng = np.random.default_rng(seed)
    design = np.hstack([np.ones((n, 1)), rng.normal(size=(n, 2))]).astype(np.float32)
    action = rng.integers(0, N_ARMS, n)
    slope = np.array([0.5, -0.2]) + own * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    return design, action, (design[:, 1:] * slope[action]).sum(axis=1) + rng.normal(size=n)


def folds(n: int, *, own: float) -> list[Sums]:
    design, action, y = rows(n, own=own)
    return [sums(design[k::4], action[k::4], y[k::4], n_arms=N_ARMS) for k in range(4)]


def test_sums_of_folds_are_the_sums_of_all_rows() -> None:
    design, action, y = rows(400)
    whole, added = sums(design, action, y, n_arms=N_ARMS), total(folds(400, own=1.0))
    assert added.gram == pytest.approx(whole.gram)
    assert added.cross == pytest.approx(whole.cross)
    assert whole.plus(whole, times=-1).gram == pytest.approx(np.zeros((3, 3, 3)))


def test_apart_every_arm_is_a_ridge_regression_of_its_own() -> None:
    design, action, y = rows(300)
    tables = fit(sums(design, action, y, n_arms=N_ARMS), Shrinkage(own=50.0, shared=False))
    for arm in range(N_ARMS):
        z, own = design[action == arm].astype(float), y[action == arm]
        alone = np.linalg.solve(z.T @ z + np.diag([1.0, 50.0, 50.0]), z.T @ own)
        assert tables.coefficient[arm] == pytest.approx(alone)


def test_a_lot_of_doubt_on_what_is_their_own_leaves_arms_alike_but_for_their_mean() -> None:
    design, action, y = rows(3_000)
    tables = fit(sums(design, action, y, n_arms=N_ARMS), Shrinkage(own=1e9, shared=True))
    assert np.ptp(tables.coefficient[:, 1:], axis=0) == pytest.approx([0, 0], abs=1e-3)
    assert abs(tables.coefficient[:, 1]).min() > 0.3


def test_validation_shrinks_more_where_arms_are_alike() -> None:
    alike, apart = choose(folds(2_000, own=0.0)), choose(folds(2_000, own=1.0))
    assert alike.shared
    assert alike.own > 30 * apart.own


def test_the_error_from_sums_is_the_error_over_rows() -> None:
    design, action, y = rows(500)
    seen = sums(design, action, y, n_arms=N_ARMS)
    tables = fit(seen, GRID[0])
    by_row = y - (design * tables.coefficient[action]).sum(axis=1)
    assert response.squared_error(tables.coefficient, seen) == pytest.approx(by_row @ by_row)


def test_the_doubt_about_an_arm_against_itself_is_none() -> None:
    design, action, y = rows(500)
    doubt = fit(sums(design, action, y, n_arms=N_ARMS), GRID[3]).doubt(1)
    assert doubt[1] == pytest.approx(np.zeros((3, 3)), abs=1e-12)
    assert (np.linalg.eigvalsh(doubt[[0, 2]]) > 0).all()


def test_the_doubt_is_how_far_differences_stray() -> None:
    rng = np.random.default_rng(3)
    design, action, _ = rows(600)
    leads = []
    for _ in range(400):
        y = rng.normal(size=600)
        tables = fit(sums(design, action, y, n_arms=N_ARMS), Shrinkage(own=1e-3, shared=False))
        leads.append(tables.coefficient[1] - tables.coefficient[0])
    assert np.cov(np.array(leads).T).diagonal() == pytest.approx(
        tables.doubt(0)[1].diagonal(), rel=0.25
    )


def test_an_arm_without_rows_earns_what_all_do() -> None:
    design, action, y = rows(300)
    tables = fit(sums(design, np.minimum(action, 1), y, n_arms=N_ARMS), Shrinkage(100.0, False))
    assert tables.coefficient[2] == pytest.approx([0, 0, 0])
