"""Weights that rank what was chosen first."""

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms import listwise


def world(
    weights: NDArray[np.float64], n_lists: int = 2_000, size: int = 8
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n_lists * size, len(weights)))
    heard = (x @ weights + rng.gumbel(size=len(x))).reshape(n_lists, size)
    chosen = heard == heard.max(axis=1, keepdims=True)
    return x, chosen.ravel(), np.arange(n_lists, dtype=np.int64) * size


def test_the_weights_behind_choices_are_found() -> None:
    truth = np.array([1.0, -0.5, 0.0])
    learned = listwise.fit(*world(truth), ridge=0.0)
    np.testing.assert_allclose(learned, truth, atol=0.08)


def test_the_slope_is_that_of_the_loss() -> None:
    x, chosen, starts = world(np.array([1.0, -1.0]), n_lists=20)
    score = x[:, 0]
    value, slope = listwise._surprise(score, chosen, starts)
    step = np.zeros(len(score))
    step[3] = 1e-6
    moved, _ = listwise._surprise(score + step, chosen, starts)
    np.testing.assert_allclose((moved - value) / 1e-6, slope[3], atol=1e-5)


def test_lists_without_a_choice_say_nothing() -> None:
    x, chosen, starts = world(np.array([1.0]), n_lists=50)
    silent = chosen.copy()
    silent[starts[10] :] = False
    np.testing.assert_allclose(
        listwise.fit(x, silent, starts, ridge=0.0),
        listwise.fit(x[: starts[10]], silent[: starts[10]], starts[:10], ridge=0.0),
        atol=1e-3,
    )


def test_nothing_chosen_is_no_weight() -> None:
    x, chosen, starts = world(np.array([1.0]), n_lists=5)
    assert listwise.fit(x, np.zeros_like(chosen), starts, ridge=1e-3).tolist() == [0]


def test_a_constant_feature_does_no_harm() -> None:
    x, chosen, starts = world(np.array([1.0]), n_lists=200)
    learned = listwise.fit(np.hstack([x, np.ones_like(x)]), chosen, starts, ridge=1e-3)
    assert abs(learned[1]) < 1e-9


def test_some_items_are_judged_among_themselves_too() -> None:
    x, chosen, starts = world(np.array([2.0]), n_lists=100)
    among = np.zeros(len(x), bool)
    among[: starts[40]] = True
    alone = listwise.fit(x, chosen, starts, ridge=0.1)
    both = listwise.fit(x, chosen, starts, ridge=0.1, among=among)
    assert both[0] > alone[0]


def test_the_same_lists_give_the_same_weights() -> None:
    lists = world(np.array([1.0, 0.5]), n_lists=50)
    first, second = (listwise.fit(*lists, ridge=1e-3) for _ in range(2))
    np.testing.assert_array_equal(first, second)
