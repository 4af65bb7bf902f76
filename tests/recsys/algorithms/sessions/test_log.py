"""Sessions in time order and their beginnings."""

import numpy as np
import pytest

from recsys.algorithms.sessions.log import Sessions, ranges

LOG = Sessions.of([[0, 1, 0], [2], [3, 1]], n_items=5)


def rows_of(sessions: Sessions) -> list[list[int]]:
    return [rows.tolist() for rows in sessions]


def test_sessions_come_back_in_order_with_repeats() -> None:
    assert rows_of(LOG) == [[0, 1, 0], [2], [3, 1]]
    assert LOG.lengths.tolist() == [3, 1, 2]


def test_every_click_knows_its_session_and_place() -> None:
    assert LOG.session_row.tolist() == [0, 0, 0, 1, 2, 2]
    assert LOG.place.tolist() == [0, 1, 2, 0, 0, 1]


def test_a_part_of_the_log_numbers_items_as_before() -> None:
    part = LOG.between(1, 3)
    assert rows_of(part) == [[2], [3, 1]]
    assert part.n_items == 5


def test_every_click_but_the_first_is_a_target() -> None:
    prefixes, targets = LOG.prefixes(10, seed=0)
    assert rows_of(prefixes) == [[0], [0, 1], [3]]
    assert targets.tolist() == [1, 0, 1]


def test_drawn_beginnings_are_some_of_all_and_repeat_with_the_seed() -> None:
    every = {tuple(rows) for rows in rows_of(LOG.prefixes(10, seed=0)[0])}
    prefixes, targets = LOG.prefixes(2, seed=4)
    assert len(targets) == 2
    assert {tuple(rows) for rows in rows_of(prefixes)} < every
    assert rows_of(LOG.prefixes(2, seed=4)[0]) == rows_of(prefixes)


@pytest.mark.parametrize("clicks", [[], [[]], [[1]]])
def test_sessions_without_a_second_click_ask_nothing(clicks: list[list[int]]) -> None:
    prefixes, targets = Sessions.of(clicks, n_items=2).prefixes(3, seed=0)
    assert (len(prefixes), len(targets)) == (0, 0)


def test_ranges_follow_each_other() -> None:
    rows, counts = ranges(np.array([4, 9, 0]), np.array([6, 9, 1]))
    assert rows.tolist() == [4, 5, 0]
    assert counts.tolist() == [2, 0, 1]
