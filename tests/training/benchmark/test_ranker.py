"""What the ranker learns from held-out items."""

import numpy as np
from numpy.testing import assert_array_equal

from recsys.evaluation.metrics import NOBODY
from training.benchmark import ranker
from training.benchmark.ranker import Lessons

N_USERS, N = 200, 10


def told(seed: int = 1, told_by: int = 1) -> Lessons:
    """Return lessons in which one of three features tells what is wanted."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(N_USERS, N, 3)).astype(np.float32)
    hit = features[:, :, told_by] == features[:, :, told_by].max(axis=1, keepdims=True)
    item_row = np.tile(np.arange(N, dtype=np.int32), (N_USERS, 1))
    return Lessons(item_row, features, hit, np.ones(N_USERS, np.int64))


def test_the_feature_that_tells_gets_the_weight() -> None:
    weights = ranker.learn([told()])
    assert weights[1] > 5 * np.abs(weights[[0, 2]]).max()


def test_several_parts_are_learnt_from_together() -> None:
    both = ranker.learn([told(told_by=1), told(seed=2, told_by=2)])
    assert min(both[1], both[2]) > 3 * abs(both[0])


def test_users_are_ranked_by_weights_learnt_from_others() -> None:
    lesson = told()
    (lists,) = ranker.cross_fitted([lesson], 3, seed=0)
    assert lists.shape == (N_USERS, 3)
    assert (lists[:, 0] == lesson.hit.argmax(axis=1)).mean() > 0.95


def test_own_wants_do_not_change_the_own_list() -> None:
    lesson, changed = told(), told()
    changed.hit[7] = ~changed.hit[7]
    fold = ranker._folds(N_USERS, 3) == ranker._folds(N_USERS, 3)[7]
    (before,), (after,) = (ranker.cross_fitted([each], N, seed=3) for each in (lesson, changed))
    assert_array_equal(before[fold], after[fold])


def test_nobody_is_learnt_from_and_ranked_last() -> None:
    lesson = told()
    lesson.item_row[:, 4:6] = NOBODY
    lesson.features[:, 4:6] = 1e6
    lesson.hit[:, 4:6] = False
    weights = ranker.learn([lesson])
    order = ranker.ranking(lesson.item_row, lesson.features, weights)
    assert set(order[:, -2:].ravel().tolist()) == {4, 5}
    assert weights[1] > 5 * np.abs(weights[[0, 2]]).max()


def test_ties_keep_the_order_of_the_candidates() -> None:
    item_row = np.array([[5, 3, NOBODY, 8]], np.int32)
    order = ranker.ranking(item_row, np.zeros((1, 4, 2), np.float32), np.ones(2))
    assert order.tolist() == [[0, 1, 3, 2]]
