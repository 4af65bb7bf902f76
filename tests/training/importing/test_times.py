"""Times of any usual spelling."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.importing.times import parse_times, with_clocks

NOON = 1_577_880_000_000_000  # 2020-01-01T12:00:00Z


def parsed(*given: object, timezone: str = "UTC", time_format: str = "") -> list[int | None]:
    return parse_times(pl.Series(given), timezone=timezone, time_format=time_format).at.to_list()


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-01T12:00:00Z",
        "2020-01-01 12:00:00",
        "2020-01-01 12:00",
        "2020-01-01T12:00",
        "2020-01-01T12:00:00.000",
        "2020-01-01 12:00:00 UTC",
        "2020-01-01T14:00:00+02:00",
        "2020-01-01T14:00+0200",
        "2020-01-01 07:00:00.000-05:00",
        " 2020-01-01 12:00:00 ",
        "1577880000",
        "1577880000000",
        "1577880000000000",
        "1577880000.0",
    ],
)
def test_an_instant_is_understood_however_it_is_spelled(text: str) -> None:
    assert parsed(text) == [NOON]


def test_spellings_may_differ_from_row_to_row() -> None:
    mixed = parsed("2020-01-01", "2020-01-01T12:00:00Z", "yesterday", None, "2020-01-01 12:00")
    assert mixed == [NOON - 12 * 3_600_000_000, NOON, None, None, NOON]


@pytest.mark.parametrize(
    ("number", "unit"),
    [
        (1_577_880_000, "seconds"),
        (1_577_880_000.0, "seconds"),
        (1_577_880_000_000, "milliseconds"),
        (1_577_880_000_000_000, "microseconds"),
        (1_577_880_000_000_000_000, "nanoseconds"),
    ],
)
def test_the_unit_of_numbers_is_detected_and_said(number: float, unit: str) -> None:
    times = parse_times(pl.Series([number]), timezone="UTC")
    assert times.at.to_list() == [NOON]
    assert times.spelling == f"{unit} since 1970"


def test_fractions_of_seconds_are_kept() -> None:
    assert parsed(1_577_880_000.25) == [NOON + 250_000]
    assert parsed("2020-01-01T12:00:00.25Z") == [NOON + 250_000]


def test_numbers_that_are_no_time_are_null() -> None:
    assert parsed(1_577_880_000.0, float("nan"), float("inf")) == [NOON, None, None]
    assert parsed("nan") == [None]


def test_a_time_without_a_zone_is_in_the_configured_one() -> None:
    assert parsed("2020-01-01 12:00:00", timezone="Asia/Tokyo") == [NOON - 9 * 3_600_000_000]
    assert parsed("2020-01-01T12:00:00Z", timezone="Asia/Tokyo") == [NOON]


def test_an_hour_left_out_by_the_clock_does_not_exist() -> None:
    assert parsed("2020-03-29 01:30:00", timezone="Europe/London") == [None]


def test_an_hour_repeated_by_the_clock_is_the_first_one() -> None:
    first = int(datetime(2020, 10, 25, 0, 30, tzinfo=UTC).timestamp()) * 1_000_000
    assert parsed("2020-10-25 01:30:00", timezone="Europe/London") == [first]


def test_dates_and_datetimes_are_taken_as_they_are() -> None:
    assert parsed(date(2020, 1, 1)) == [NOON - 12 * 3_600_000_000]
    assert parsed(datetime(2020, 1, 1, 12)) == [NOON]  # noqa: DTZ001 - naive on purpose
    assert parsed(datetime(2020, 1, 1, 12, tzinfo=UTC), timezone="Asia/Tokyo") == [NOON]


def test_a_configured_format_comes_first() -> None:
    assert parsed("1/2/2020 8:26", time_format="%d/%m/%Y %H:%M")[0] == 1_580_545_560_000_000


def test_a_time_of_day_alone_is_no_time() -> None:
    assert parsed(time(12, 0)) == [None]


def test_nothing_at_all_is_null() -> None:
    assert parsed(None, None) == [None, None]


@given(st.lists(st.datetimes(datetime(1970, 1, 1), datetime(2199, 1, 1)), min_size=1))  # noqa: DTZ001
def test_iso_text_means_what_python_means_by_it(moments: list[datetime]) -> None:
    expected = [
        round((m - datetime(1970, 1, 1)).total_seconds() * 1e6)  # noqa: DTZ001
        for m in moments
    ]
    found = parsed(*(m.isoformat() for m in moments))
    assert all(abs((a or 0) - b) <= 1 for a, b in zip(found, expected, strict=True))


def test_each_number_is_of_the_unit_that_its_size_shows() -> None:
    given = pl.Series([1_767_225_600_000, 1_767_225_600, 1_767_225_600_000_000, 86_400])
    times = parse_times(given, timezone="UTC")
    assert times.spelling == "seconds and milliseconds and microseconds since 1970"
    # The last one is of 1970, and put aside: nothing is before 1990.
    assert times.at.to_list() == [1_767_225_600_000_000] * 3 + [86_400_000_000]


def test_days_in_words_and_numbers_since_1970_stand_in_one_column() -> None:
    noon = NOON // 1_000_000
    assert parsed("2020-01-01", str(noon), "2020-01-01T12:00Z") == [
        NOON - 43_200_000_000,
        NOON,
        NOON,
    ]
    assert parsed(str(noon), str(noon), "2020-01-01") == [NOON, NOON, NOON - 43_200_000_000]


@pytest.mark.parametrize(
    "day",
    ["7 września 2024", "7 Eylül 2024", "7. září 2024", "7 сентября 2024", "7. syyskuuta 2024"],
)
def test_months_of_other_languages(day: str) -> None:
    assert parsed(day, day) == parsed("2024-09-07") * 2


def test_a_finnish_november_is_no_march() -> None:
    assert parsed("5. marraskuuta 2024", "5. maaliskuuta 2024") == parsed(
        "2024-11-05", "2024-03-05"
    )


def test_arabic_digits() -> None:
    assert parsed("\u0662\u0660\u0662\u0664-\u0660\u0669-\u0660\u0667") == parsed("2024-09-07")


@pytest.mark.parametrize("number", [20_200_101, 20_200_101.0, "20200101"])
def test_a_day_written_as_a_number_is_that_day_and_not_one_of_1970(number: object) -> None:
    times = parse_times(pl.Series([number]), timezone="UTC")
    assert times.at.to_list() == [NOON - 12 * 3_600_000_000]
    assert times.spelling == "days written as numbers, taken as UTC"


def test_a_number_that_is_no_day_among_days_is_null() -> None:
    assert parsed(20_200_101, 20_200_101, 20_201_301) == [NOON - 12 * 3_600_000_000] * 2 + [None]


def test_seconds_of_1970_that_are_no_days_stay_seconds() -> None:
    assert parsed(20_009_999, 20_200_101, 20_209_999)[1] == 20_200_101_000_000


@pytest.mark.parametrize(
    "text",
    ["2020/01/01 12:00", "2020/1/1 12:00:00", "1.1.2020 12:00", "01.01.2020 12:00:00.0"],
)
def test_days_in_an_order_that_cannot_be_mistaken_are_understood(text: str) -> None:
    assert parsed(text) == [NOON]


def test_the_order_of_day_and_month_is_what_another_row_shows() -> None:
    february, january = 1_580_545_560_000_000, 1_577_953_560_000_000
    assert parsed("1/2/2020 8:26", "13/2/2020 8:26")[0] == february
    assert parsed("1/2/2020 8:26", "2/13/2020 8:26")[0] == january


def test_the_order_taken_is_said() -> None:
    times = parse_times(pl.Series(["12/31/2020 8:26"]), timezone="UTC")
    assert times.spelling == "times without a zone, taken as UTC, the month before the day"


def test_day_and_month_that_could_be_either_are_not_guessed() -> None:
    assert parsed("1/2/2020", "3/4/2020") == [None, None]
    assert parsed("13/2/2020", "2/13/2020") == [None, None]


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-01 04:00:00 PST", "2020-01-01 13:00 CET", "Wed, 01 Jan 2020 12:00:00 GMT",
        "Wed Jan 01 2020 13:00:00 GMT+0100 (Central European Standard Time)",
        "Wed Jan  1 12:00:00 UTC 2020", "Wed Jan 01 12:00:00 +0000 2020",
        "01/Jan/2020:12:00:00 +0000", "2020-01-01 07:00:00 America/New_York",
        "2020-01-01T13:00:00+01:00[Europe/Paris]", "2020-01-01 12:00:00.000 +0000 UTC",
        "January 1, 2020 07:00:00 AM EST", "Jan 1, 2020, 12:00 PM", "20200101T120000Z",
        "1/31/2020 12:00 p.m.",
    ],
)  # fmt: skip
def test_zones_by_name_and_times_of_logs_are_understood(text: str) -> None:
    assert parsed(text)[0] in (NOON, NOON + 30 * 86_400_000_000)


def test_names_of_several_zones_are_none() -> None:
    assert parsed("2020-01-01 12:00:00 IST") == [None]


def test_every_row_may_be_of_another_place() -> None:
    texts = ["2020-01-01 12:00 Europe/London", "2020-01-01 21:00 Asia/Tokyo", "2020-01-01 12:00"]
    assert parsed(*texts) == [NOON] * 3
    assert parsed("2020-01-01 12:00 Mars/Olympus") == [None]


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        (["2020-01-01", "2020-01-02"], ["12:00", "12:00:00"]),
        ([20200101, 20200102], ["12:00", "12:00 PM"]),
        ([datetime(2020, 1, 1), datetime(2020, 1, 2)], ["12:00", "12:00"]),  # noqa: DTZ001
        ([date(2020, 1, 1), date(2020, 1, 2)], [time(12), time(12)]),
    ],
)
def test_days_and_clock_times_in_two_columns_are_joined(day: list[Any], clock: list[Any]) -> None:
    columns = [pl.Series("time", clock), pl.Series("date", day)]
    (both,) = with_clocks(columns)
    times = parse_times(both, timezone="UTC").at.to_list()
    assert times == [NOON, NOON + 86_400_000_000]


def test_columns_that_are_times_by_themselves_are_left_alone() -> None:
    columns = [pl.Series("time", ["2020-01-01 12:00"]), pl.Series("date", ["2020-01-02"])]
    assert [one.to_list() for one in with_clocks(columns)] == [one.to_list() for one in columns]
