"""How often users come back, and the horizon made of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.churn.usage_interval import (
    ENOUGH_REPEATERS,
    HORIZONS,
    UsageInterval,
    by_segment,
    horizon_days,
    survival_curve,
    usage_interval,
)
from recsys.data.interactions import Interactions
from recsys.data.person import NO_SEGMENT
from recsys.data.times import DAY
from recsys.segments.rfm import RfmCuts
from recsys.segments.table import SegmentTable
from tests.recsys.churn.worlds import purchases


def test_the_interval_is_the_80th_percentile_of_median_gaps() -> None:
    world = purchases([0, 1], [0, 2], [0, 3], [0, 4], [0, 5], [0, 6])
    assert usage_interval(world, at=7 * DAY).days == 5.0


def test_the_median_is_of_gaps_between_days_not_between_lines() -> None:
    world = purchases([0.1, 0.2, 0.3, 10.5, 11.5, 31.5])
    assert usage_interval(world, at=40 * DAY) == UsageInterval(10.0, 20.0, 1)


def test_even_numbers_of_gaps_take_the_middle_of_two() -> None:
    assert usage_interval(purchases([0, 2, 6]), at=7 * DAY).days == 3.0


def test_users_with_one_day_say_nothing_of_the_interval() -> None:
    interval = usage_interval(purchases([0, 4], [1], [2]), at=10 * DAY)
    assert interval.days == 4.0
    assert interval.n_repeaters == 1


def test_without_a_repeat_there_is_no_interval() -> None:
    assert usage_interval(purchases([1], [2]), at=9 * DAY) == UsageInterval(None, None, 0)


def test_without_a_purchase_there_is_no_interval() -> None:
    assert usage_interval(purchases([], []), at=9 * DAY) == UsageInterval(None, None, 0)


def test_open_gaps_make_the_survival_point_later_than_the_interval() -> None:
    world = purchases(*([[0, 5]] * 8), [0, 30], [0, 30])
    interval = usage_interval(world, at=100 * DAY)
    assert interval.days == pytest.approx(10.0)
    assert interval.survival_days is None


def test_survival_reproduces_a_textbook_estimate() -> None:
    # closed gaps 1, 2, 3, 4 of weight 1/2 each; open gaps 9, 8, 7, 6 stay at risk throughout
    world = purchases([0, 1], [0, 2], [0, 3], [0, 4])
    assert usage_interval(world, at=10 * DAY).survival_days is None
    # closed at the end of data: nothing is left open but gaps of length 0
    world = purchases([0, 10], [0, 1, 10], [0, 2, 10])
    assert usage_interval(world, at=10 * DAY).survival_days == 10.0


@pytest.mark.parametrize(
    ("days", "span_days", "horizon"),
    [
        (3, 1000, 7),
        (7, 1000, 7),
        (13, 365, 14),
        (29, 1000, 60),
        (112, 1000, 180),
        (112, 373, 90),
        (999, 1000, 180),
        (112, 20, 7),
    ],
)
def test_the_horizon_is_rounded_up_as_far_as_the_data_reach(
    days: float, span_days: float, horizon: int
) -> None:
    assert horizon_days(UsageInterval(days, None, 9), span_days=span_days) == horizon


def test_users_who_never_repeat_are_looked_at_for_as_long_as_the_data_allow() -> None:
    assert horizon_days(UsageInterval(None, None, 0), span_days=400) == 90


@given(st.lists(st.lists(st.integers(0, 300), max_size=8), min_size=1, max_size=12))
def test_the_horizon_is_always_one_of_the_allowed(days: list[list[int]]) -> None:
    interval = usage_interval(purchases(*[[float(d) for d in user] for user in days]), at=301 * DAY)
    assert horizon_days(interval, span_days=301) in HORIZONS
    assert interval.days is None or 1 <= interval.days <= 300


def test_the_order_of_events_does_not_matter() -> None:
    shuffled = purchases([6, 0, 2])
    assert usage_interval(shuffled, at=8 * DAY) == usage_interval(purchases([0, 2, 6]), at=8 * DAY)
    assert np.all(np.diff(shuffled.at) > 0)


def in_segments(world: Interactions, of_user: list[int]) -> SegmentTable:
    cuts = RfmCuts(*(np.zeros(4) for _ in range(3)))
    traits = np.full(len(world.users), NO_SEGMENT, np.int16)
    return SegmentTable(("often", "seldom"), np.array(of_user, np.int16), traits, cuts)


def test_a_segment_with_enough_repeaters_has_an_interval_of_its_own() -> None:
    world = purchases(*([[0, 2]] * ENOUGH_REPEATERS), *([[0, 30]] * 10))
    table = in_segments(world, [0] * ENOUGH_REPEATERS + [1] * 10)
    often, _ = by_segment(world, table, usage_interval(world, at=40 * DAY), at=40 * DAY)
    assert (often.days, often.shrunk, often.n_repeaters) == (2.0, False, ENOUGH_REPEATERS)


def test_a_small_segment_leans_on_everybody() -> None:
    world = purchases(*([[0, 2]] * ENOUGH_REPEATERS), *([[0, 30]] * 10), [5])
    table = in_segments(world, [0] * ENOUGH_REPEATERS + [1] * 10 + [NO_SEGMENT])
    _, seldom = by_segment(world, table, UsageInterval(2.0, None, 210), at=40 * DAY)
    assert seldom.shrunk
    assert seldom.days == pytest.approx((10 * 30 + 200 * 2) / 210)


def test_an_empty_segment_takes_the_interval_of_everybody() -> None:
    world = purchases([0, 6], [0, 6])
    _, nobody = by_segment(world, in_segments(world, [0, 0]), usage_interval(world, at=9 * DAY),
                           at=9 * DAY)  # fmt: skip
    assert (nobody.days, nobody.n_repeaters, nobody.survival_days) == (6.0, 0, None)


def test_where_nobody_repeats_no_segment_has_an_interval() -> None:
    world = purchases([1], [2])
    none = usage_interval(world, at=9 * DAY)
    assert [each.days for each in by_segment(world, in_segments(world, [0, 1]), none, at=9 * DAY)]\
        == [None, None]  # fmt: skip


@given(st.lists(st.lists(st.integers(0, 60), max_size=6), max_size=8))
def test_the_survival_curve_starts_at_one_and_never_rises(days: list[list[int]]) -> None:
    world = purchases(*([float(day) for day in own] for own in days))
    curve = survival_curve(world, at=61 * DAY)
    assert curve[0] == (0.0, 1.0)
    shares = [share for _, share in curve]
    assert shares == sorted(shares, reverse=True)
    assert [length for length, _ in curve] == sorted({length for length, _ in curve})
