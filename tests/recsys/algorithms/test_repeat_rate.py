"""Personal frequency and recency."""

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.algorithms.repeat_rate import HALF_LIVES, again_rate, habits


def rows(*items: int) -> NDArray[np.int32]:
    return np.array(items, np.int32)


def test_times_days_and_gaps_of_a_weekly_buyer() -> None:
    had = habits(rows(7, 7, 7, 2), np.array([3.0, 10.0, 17.0, 40.0]))
    assert had.item_row.tolist() == [2, 7]
    assert had.times.tolist() == [1, 3]
    assert had.since_days.tolist() == [40, 3]
    assert np.isnan(had.gap_days[0])
    assert had.gap_days[1] == 7


def test_several_events_of_one_day_are_one_time() -> None:
    assert habits(rows(1, 1), np.array([5.1, 5.9])).times.tolist() == [1]


def test_a_time_one_half_life_ago_counts_half() -> None:
    had = habits(rows(0), np.array([HALF_LIVES[0]]))
    assert had.recent[0, 0] == 0.5


def test_the_future_is_right_now() -> None:
    assert habits(rows(0), np.array([-3.0])).since_days.tolist() == [0]


def test_nothing_taken_is_no_habit() -> None:
    had = habits(rows(), np.empty(0))
    assert len(had) == 0
    assert had.recent.shape == (0, len(HALF_LIVES))


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 100)), max_size=20), st.randoms())
def test_the_order_of_events_does_not_matter(
    events: list[tuple[int, float]], shuffler: Random
) -> None:
    mixed = list(events)
    shuffler.shuffle(mixed)
    ours, theirs = (
        habits(rows(*(item for item, _ in each)), np.array([age for _, age in each], float))
        for each in (events, mixed)
    )
    for name in ("item_row", "times", "since_days", "gap_days", "recent"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_what_is_bought_again_stands_out_from_what_is_not() -> None:
    user = np.repeat(np.arange(100, dtype=np.int32), 3)
    item = np.tile(rows(0, 0, 1), 100)
    day = np.tile(np.array([1, 2, 2]), 100)
    rate = again_rate(user, item, day, n_items=3)
    assert rate[0] > 0.95
    assert rate[1] < 0.05
    assert rate[2] == 0.5


def test_two_events_on_one_day_are_not_again() -> None:
    rate = again_rate(rows(0, 0), rows(0, 0), np.array([4, 4]), n_items=1)
    assert rate.tolist() == [0]


def test_without_any_event_nothing_is_bought_again() -> None:
    assert again_rate(rows(), rows(), np.empty(0, np.int64), n_items=2).tolist() == [0, 0]
