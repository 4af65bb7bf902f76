"""Local clocks, and when the night is over."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.times import (
    DAY,
    DAY_PARTS,
    HOUR,
    day_part,
    day_parts,
    is_quiet,
    local_hour,
    local_hours,
    micros,
    quiet_ends,
    zone,
    zone_or,
)
from recsys.errors import BadQuery

LONDON, KOLKATA = ZoneInfo("Europe/London"), ZoneInfo("Asia/Kolkata")
INSTANTS = st.integers(0, 4_000_000_000_000_000)


def test_summer_time_is_an_hour_ahead() -> None:
    assert local_hour(micros(datetime(2011, 7, 1, 12, tzinfo=UTC)), LONDON) == 13
    assert local_hour(micros(datetime(2011, 12, 1, 12, tzinfo=UTC)), LONDON) == 12


def test_zones_may_be_half_an_hour_off() -> None:
    assert local_hour(micros(datetime(2011, 7, 1, 12, 29, tzinfo=UTC)), KOLKATA) == 17
    assert local_hour(micros(datetime(2011, 7, 1, 12, 30, tzinfo=UTC)), KOLKATA) == 18


@pytest.mark.parametrize(
    ("day", "hour", "part"),
    [
        (2, 0, "at night"),
        (2, 6, "in the morning"),
        (2, 12, "in the afternoon"),
        (2, 23, "in the evening"),
        (3, 17, "in the afternoon at weekends"),
        (4, 18, "in the evening at weekends"),
    ],
)
def test_a_part_of_the_day_is_six_hours_of_the_local_clock(day: int, hour: int, part: str) -> None:
    at = micros(datetime(2011, 12, day, hour, 59, tzinfo=LONDON))
    assert DAY_PARTS[day_part(at, LONDON)] == part


@given(st.lists(INSTANTS, max_size=20))
def test_many_parts_of_the_day_are_as_one_by_one(at: list[int]) -> None:
    many = day_parts(np.array(at, np.int64), KOLKATA)
    assert many.tolist() == [day_part(one, KOLKATA) for one in at]


@given(st.lists(INSTANTS, max_size=20))
def test_many_hours_are_as_one_by_one(at: list[int]) -> None:
    many = local_hours(np.array(at, np.int64), KOLKATA)
    assert many.tolist() == [local_hour(instant, KOLKATA) for instant in at]


@pytest.mark.parametrize(
    ("hour", "quiet"), [(20, False), (21, True), (0, True), (7, True), (8, False)]
)
def test_quiet_hours_reach_over_midnight(hour: int, *, quiet: bool) -> None:
    assert is_quiet(hour, 21, 8) is quiet


def test_quiet_hours_within_a_day_and_none_at_all() -> None:
    assert [hour for hour in range(24) if is_quiet(hour, 12, 14)] == [12, 13]
    assert not any(is_quiet(hour, 9, 9) for hour in range(24))


@given(INSTANTS, st.integers(0, 23))
def test_the_night_ends_within_a_day_at_the_hour_asked(at: int, until: int) -> None:
    ends = quiet_ends(at, KOLKATA, until)
    assert at < ends <= at + DAY + HOUR
    assert local_hour(ends, KOLKATA) == until


def test_an_hour_that_the_clock_skips_is_the_one_that_follows() -> None:
    before = micros(datetime(2011, 3, 27, 0, 30, tzinfo=UTC))
    ends = quiet_ends(before, LONDON, 1)
    assert ends > before
    assert local_hour(ends, LONDON) == 2


def test_unknown_zones_are_refused_or_replaced() -> None:
    with pytest.raises(BadQuery, match="timezone is 'Mars/Base'"):
        zone("Mars/Base")
    assert zone_or("Mars/Base", "Europe/London") == LONDON
    assert zone_or("", "Europe/London") == LONDON
    assert zone_or("Asia/Kolkata", "Europe/London") == KOLKATA
    with pytest.raises(BadQuery):
        zone("../secret")
