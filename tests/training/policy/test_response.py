"""Tables of sums over rows, as shrunk as the data say."""

from __future__ import annotations

import numpy as np
import pytest

from training.policy.response import ResponseSums, fit, sums, total

N_ARMS = 3
FEATURE = np.array([-1, 0, 1])


def rows(n: int, *, seed: int = 1, own: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return design, action and reward; `own` scales what each arm has of its own."""
    rng = np.random.default_rng(seed)
    design = np.hstack([np.ones((n, 1)), rng.normal(size=(n, 2))]).astype(np.float32)
    action = rng.integers(0, N_ARMS, n)
    slope = np.array([0.5, -0.2]) + own * np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.0]])
    return design, action, (design[:, 1:] * slope[action]).sum(axis=1) + rng.normal(size=n)


def fitted(n: int, *, own: float, seed: int = 1) -> np.ndarray:
    design, action, y = rows(n, own=own, seed=seed)
    return fit(sums(design, action, y, n_arms=N_ARMS), FEATURE)


def test_sums_of_folds_are_the_sums_of_all_rows() -> None:
    design, action, y = rows(400)
    whole = sums(design, action, y, n_arms=N_ARMS)
    folds = [sums(design[k::4], action[k::4], y[k::4], n_arms=N_ARMS) for k in range(4)]
    added = total(folds)
    assert added.gram == pytest.approx(whole.gram)
    assert added.cross == pytest.approx(whole.cross)
    assert whole.plus(whole, times=-1).gram == pytest.approx(np.zeros((3, 3, 3)))


def test_many_rows_recover_the_truth() -> None:
    found = fitted(60_000, own=1.0)
    assert found[:, 1] == pytest.approx([0.5, 1.5, 1.0], abs=0.03)
    assert found[:, 2] == pytest.approx([-0.2, -0.2, -0.2], abs=0.03)


def test_a_feature_that_tells_arms_apart_keeps_its_own_part_and_the_other_loses_it() -> None:
    found = fitted(3_000, own=1.0)
    assert np.ptp(found[:, 1]) > 0.8
    assert np.ptp(found[:, 2]) < 0.03


def in_proportion(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows of 20 features that each tell a little; the last arm adds half as much again."""
    rng = np.random.default_rng(seed)
    design = np.hstack([np.ones((n, 1)), rng.normal(size=(n, 20))]).astype(np.float32)
    action = rng.integers(0, N_ARMS, n)
    score = design[:, 1:].sum(axis=1) * 0.2
    return design, action, score * np.where(action == 2, 1.5, 1.0) + rng.normal(size=n) * 2


def test_what_an_arm_adds_in_proportion_is_found_where_no_feature_alone_would_show_it() -> None:
    feature, more = np.arange(-1, 20), []
    for seed in range(10):
        found = fit(sums(*in_proportion(3_000, seed=seed), n_arms=N_ARMS), feature)
        more.append(found[2, 1:].mean() - found[:2, 1:].mean())
    assert np.mean(more) == pytest.approx(0.1, abs=0.03)


def apart(design: np.ndarray, action: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return a regression for each arm alone."""
    arms = (action == arm for arm in range(N_ARMS))
    return np.array([np.linalg.lstsq(design[own], y[own], rcond=None)[0] for own in arms])


def test_where_arms_are_alike_less_is_made_of_chance_than_by_arms_alone() -> None:
    ours, theirs = [], []
    for seed in range(20):
        ours.append(np.ptp(fitted(1_000, own=0.0, seed=seed)[:, 1:], axis=0).mean())
        theirs.append(np.ptp(apart(*rows(1_000, own=0.0, seed=seed))[:, 1:], axis=0).mean())
    assert np.mean(ours) < 0.75 * np.mean(theirs)
    assert fitted(1_000, own=0.0)[:, 1] == pytest.approx([0.5] * 3, abs=0.15)


def test_rewards_that_never_vary_give_tables_of_zeros() -> None:
    design, action, _ = rows(300)
    assert fit(sums(design, action, np.zeros(300), n_arms=N_ARMS), FEATURE) == pytest.approx(
        np.zeros((N_ARMS, 3)), abs=1e-9
    )


def test_an_arm_without_rows_is_guessed_from_the_others() -> None:
    design, action, y = rows(300)
    found = fit(sums(design, np.minimum(action, 1), y, n_arms=N_ARMS), FEATURE)
    assert np.isfinite(found).all()
    assert min(found[:2, 1]) <= found[2, 1] <= max(found[:2, 1])


def test_a_table_without_features_is_the_mean_of_each_arm() -> None:
    design, action, y = rows(900)
    found = fit(sums(design[:, :1], action, y, n_arms=N_ARMS), FEATURE[:1])
    means = [y[action == arm].sum() / ((action == arm).sum() + 1) for arm in range(N_ARMS)]
    assert found[:, 0] == pytest.approx(means)


def test_sums_hold_what_they_say() -> None:
    design, action, y = rows(50)
    found: ResponseSums = sums(design, action, y, n_arms=N_ARMS)
    assert found.rows.tolist() == np.bincount(action, minlength=3).tolist()
    assert found.square.sum() == pytest.approx(y @ y)
