"""Sessions like the one at hand: answers worked out by hand."""

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.algorithms.sessions import knn
from recsys.algorithms.sessions.knn import SessionSettings
from recsys.algorithms.sessions.log import Sessions

A, B, C, D, E, F = range(6)
PLAIN = SessionSettings(
    recent=10,
    nearest=10,
    memory=1e9,
    age=1e9,
    ahead=1e9,
    behind=1e9,
    backward=0.5,
    again=0.25,
    rarity=0.0,
    norm=0.0,
)


def rows(*items: int) -> NDArray[np.int32]:
    return np.array(items, np.int32)


def score(
    log: list[list[int]], session: list[int], settings: SessionSettings = PLAIN
) -> list[float]:
    fitted = knn.fit(Sessions.of(log, n_items=6), settings)
    return [float(each) for each in fitted.score(rows(*session))]


def test_after_the_match_counts_one_before_it_half_the_match_a_quarter() -> None:
    assert score([[A, B, C]], [B]) == [0.5, 0.25, 1.0, 0.0, 0.0, 0.0]


def test_a_session_that_shares_two_items_is_twice_as_alike_and_matches_at_the_latest() -> None:
    found = score([[A, B, C], [A, D]], [A, B])
    assert found == pytest.approx([2 * 0.5 + 0.25, 2 * 0.25, 2 * 1.0, 1.0, 0.0, 0.0])


def test_earlier_items_of_the_session_weigh_less() -> None:
    found = score([[A, D], [B, E]], [A, B], replace(PLAIN, memory=1.0))
    assert found[E] == pytest.approx(1.0)
    assert found[D] == pytest.approx(exp(-1.0))


def test_older_sessions_weigh_less() -> None:
    found = score([[A, D], [A, E]], [A], replace(PLAIN, age=1.0))
    assert found[E] == pytest.approx(1.0)
    assert found[D] == pytest.approx(exp(-1.0))


def test_items_farther_from_the_match_weigh_less() -> None:
    found = score([[A, B, C]], [A], replace(PLAIN, ahead=1.0))
    assert found[B] == pytest.approx(1.0)
    assert found[C] == pytest.approx(exp(-1.0))


def test_long_sessions_weigh_less_with_a_norm() -> None:
    assert score([[A, B, C, D]], [A], replace(PLAIN, norm=0.5))[B] == pytest.approx(0.5)


def test_rare_items_make_sessions_more_alike() -> None:
    log = [[A, C], [A, D], [A, D], [B, E]]
    found = score(log, [A, B], replace(PLAIN, rarity=1.0))
    assert found[E] > found[C]
    assert score(log, [A, B])[E] == score(log, [A, B])[C]


def test_only_the_latest_sessions_of_an_item_are_looked_at() -> None:
    assert score([[A, B], [A, C], [A, D]], [A], replace(PLAIN, recent=2))[B:E] == [0.0, 1.0, 1.0]


def test_only_the_nearest_sessions_count() -> None:
    assert score([[A, B, C], [A, D]], [A, B], replace(PLAIN, nearest=1))[D] == 0.0


def test_clicks_that_repeat_count_each_in_a_neighbour() -> None:
    assert score([[A, B, B]], [A])[B] == 2.0


def test_a_session_longer_than_the_reach_is_no_problem() -> None:
    found = score([[A, *[B] * 200, C]], [A], replace(PLAIN, ahead=2.0))
    assert np.isfinite(found).all()
    assert found[C] < 1e-9


@pytest.mark.parametrize("session", [[], [F]])
def test_nothing_known_says_nothing(session: list[int]) -> None:
    assert score([[A, B]], session) == [0.0] * 6


def test_no_sessions_can_be_fitted() -> None:
    assert score([], [A]) == [0.0] * 6
