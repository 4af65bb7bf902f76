"""Rows, and what is held out."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.benchmark.histories import Taken, from_the_end, hold_out, with_users

counts = st.lists(st.integers(1, 12), min_size=1, max_size=8)


def rows(numbers: list[int]) -> NDArray[np.int32]:
    return np.repeat(np.arange(len(numbers), dtype=np.int32), numbers)


@given(counts, st.integers(0, 5))
def test_a_fifth_of_each_user_is_held_out_and_something_stays(
    numbers: list[int], seed: int
) -> None:
    held = np.bincount(rows(numbers), hold_out(rows(numbers), 0.2, seed=seed))
    assert held.tolist() == [min(int(n * 0.2 + 0.5), n - 1) for n in numbers]


def test_the_seed_decides_what_is_held_out() -> None:
    first, second, other = (hold_out(rows([50, 50]), 0.2, seed=seed) for seed in (1, 1, 2))
    assert (first == second).all()
    assert (first != other).any()


def test_places_are_counted_from_the_end() -> None:
    assert from_the_end(rows([3, 1, 2])).tolist() == [2, 1, 0, 0, 1, 0]


def test_repeats_count_once() -> None:
    histories = Taken.of({"a": ["x", "y", "x"], "b": ["y"]}).histories()
    assert histories.item_row.tolist() == [0, 1, 1]
    assert histories.weight.tolist() == [1.0, 1.0, 1.0]


def test_wanted_items_that_training_lacks_are_kept_beyond_the_last_row() -> None:
    taken = Taken.of({"a": ["x", "y"], "b": ["y"]})
    wanted = taken.wanted({"b": ["new", "x", "new"], "stranger": ["x"]})
    assert [wanted.of_user(user)[0].tolist() for user in (0, 1)] == [[], [0, 2]]


def test_users_of_the_test_file_alone_have_no_history() -> None:
    assert with_users({"a": ["x"]}, {"b": ["y"]}) == {"b": [], "a": ["x"]}
