"""Times of any usual spelling, as microseconds since the epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from zoneinfo import available_timezones

import polars as pl

from training.importing.numbers import ascii_digits
from training.importing.time_words import MONTHS, without_words

NAIVE = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y-%m-%d %I:%M %p",
    "%G-W%V-%u",
)
ZONED = (
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M%#z",
    "%Y-%m-%d %I:%M:%S %p%#z",
    "%Y-%m-%d %I:%M %p%#z",
)
CALENDAR_DAY = "%Y%m%d"
YEAR_FIRST = r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})\b"
DOTTED = r"^(\d{1,2})\.(\d{1,2})\.(\d{4})\b"
SLASHED = r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4})\b"
TWELVE = 12
EPOCH_SERIAL = 25_569
SERIALS = (32_874.0, 73_050.0)
"""Days of a spreadsheet from 1990 to the end of 2099; as seconds all would be of 1970-01-01."""
DAY_FIRST = r"(?i)^(\d{1,2})[- /.]([a-z]{3})[a-z]*[-, /.]+(\d{4})"
MONTH_FIRST = r"(?i)^([a-z]{3})[a-z]*(?:\.? +|-)(\d{1,2})(?:,? +|-)(\d{4}|\d{2}\b),?"
SHORT_WORDED = r"(?i)^(\d{1,2}-[a-z]{3}[a-z]*-)(\d{2})\b"
SHORT_YEAR = r"^(\d{1,2}[/.]\d{1,2}[/.])(\d{2})(\s|$)"
CLOCK = r"(?i)^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[ap]\.?m\.?)?$"
MIDNIGHT = time(0)
WORDED = r"[年년]|\d ?[hH]|\p{L}{2}|/\d{4}:|[ap]\.m|^\d{8}T"
PLACE = r"^(.*\d) *\[?([A-Z][A-Za-z]+(?:/[A-Za-z_+-]+)+)\]?$"
TIME_HINT = 'data.time_format = "%d/%m/%Y" reads 03/04/2025 with the day first'
_ZONE_AT_THE_END = r":\d{2}.*(?:Z|[+-]\d{2}:?\d{2})$"
# The unit of a number is told by its size: these are the years 1973 to 5138 in each unit.
UNITS = (
    ("seconds", 1e11, 1_000_000.0),
    ("milliseconds", 1e14, 1_000.0),
    ("microseconds", 1e17, 1.0),
)
NANOSECONDS = ("nanoseconds", 0.001)
_UNIT_NAMES = (*((name, factor) for name, _, factor in UNITS), NANOSECONDS)
EPOCHS = 1e8
"""Among days that are text, a number of that size is a time since 1970."""


@dataclass(frozen=True, slots=True)
class Times:
    """Microseconds since the epoch (int64, null where not understood), and what they were."""

    at: pl.Series
    spelling: str


def parse_times(given: pl.Series, *, timezone: str, time_format: str = "") -> Times:
    """Return the times of a column.

    Parameters
    ----------
    given : Series
        Datetimes or dates; or numbers since the epoch, whose unit is told by the size of their
        median, or of days (20200131); or text: ISO 8601, a number, `time_format`, or a day as
        2020/1/31, 31.1.2020 or 1/31/2020. Whether the day or the month of the last is first must
        show in the column, by a number above 12; where it does not, the time is null.
    timezone : str
        IANA zone of times that name none. An hour that a clock change repeats is its first; an
        hour that it leaves out is null.
    time_format : str
        A further ``strptime`` format that is tried first; empty for none.
    """
    if given.dtype in (pl.Datetime, pl.Date):
        return _of_datetimes(given, timezone)
    if given.dtype.is_numeric():
        return _of_numbers(given.cast(pl.Float64), timezone)
    text = ascii_digits(given.cast(pl.String)).str.strip_chars()
    numbers = text.cast(pl.Float64, strict=False)
    if not time_format and 2 * numbers.count() > text.count():
        found = _of_numbers(numbers, timezone)
        rest = text.set(numbers.is_not_null(), None)
        return _both(found, _of_text(rest, timezone, NAIVE)) if rest.count() else found
    found = _of_text(text, timezone, (time_format, *NAIVE) if time_format else NAIVE)
    numbers = numbers.set(~((numbers >= EPOCHS) & found.at.is_null()).fill_null(value=False), None)
    return _both(found, _of_numbers(numbers, timezone)) if numbers.count() else found


def _both(most: Times, others: Times) -> Times:
    """Return times of which some are written in another way than most."""
    if not others.at.count():
        return most
    at = most.at.zip_with(most.at.is_not_null(), others.at)
    return Times(at, f"{most.spelling}; others: {others.spelling}")


def with_clocks(columns: Sequence[pl.Series]) -> list[pl.Series]:
    """Return columns of times, a column of days joined with one of clock times (``10:30``)."""
    texts = [_as_text(column) for column in columns]
    clock = next((text for text in texts if _all(text, CLOCK)), None)
    day = next((text for text in texts if text.count() and not _any(text, r":")), None)
    if clock is None or day is None:
        return list(columns)
    days = day.str.replace(r"^(\d{4})(\d{2})(\d{2})(\.0+)?$", "$1-$2-$3")
    both = pl.select(pl.when(clock.is_not_null()).then(days + " " + clock).otherwise(days))
    rest = [one for one, text in zip(columns, texts, strict=True) if text is not clock]
    return [both.to_series().alias(day.name), *(one for one in rest if one.name != day.name)]


def _as_text(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Datetime and (column.dt.time() == MIDNIGHT).all():
        column = column.cast(pl.Date)
    return column.cast(pl.String, strict=False).str.strip_chars()


def _all(text: pl.Series, pattern: str) -> bool:
    return bool(text.count()) and bool(text.drop_nulls().str.contains(pattern).all())


def _any(text: pl.Series, pattern: str) -> bool:
    return bool(text.str.contains(pattern).any())


def _of_datetimes(given: pl.Series, timezone: str) -> Times:
    if not isinstance(given.dtype, pl.Datetime):
        given = given.cast(pl.Datetime("us"), strict=False)
    if isinstance(given.dtype, pl.Datetime) and given.dtype.time_zone:
        return Times(given.dt.epoch("us"), f"times in {given.dtype.time_zone}")
    return Times(_located(given, timezone), f"times without a zone, taken as {timezone}")


def _of_numbers(numbers: pl.Series, timezone: str) -> Times:
    days = _of_days(numbers, timezone)
    # As seconds these numbers would all be of August 1970; few of them would happen to be days.
    if 2 * days.count() > numbers.count():
        return Times(days, f"days written as numbers, taken as {timezone}")
    finite = numbers.filter(numbers.is_finite())
    if len(finite) and SERIALS[0] <= float(finite.median() or 0) <= SERIALS[1]:  # type: ignore[arg-type]
        return Times(_of_serials(numbers, timezone), f"days of a spreadsheet, taken as {timezone}")
    largest = float(finite.abs().max() or 0.0)  # type: ignore[arg-type]
    least = float(finite.abs().min() or 0.0)  # type: ignore[arg-type]
    beyond = next((one for _, below, one in UNITS if largest < below), NANOSECONDS[1])
    factor = pl.lit(beyond)
    for _, below, one in reversed([unit for unit in UNITS if least < unit[1] <= largest]):
        factor = pl.when(pl.col("n").abs() < below).then(pl.lit(one)).otherwise(factor)
    # Each by its own size: exports that were joined hold seconds and milliseconds.
    units = numbers.to_frame("n").select(n="n", at=(pl.col("n") * factor).round(), factor=factor)
    usable = numbers.is_finite() & (units["at"].abs() < 9e18)
    # Above 2^53 a float no longer holds every microsecond; times of this era are far below.
    exact = units["at"].set(~usable.fill_null(value=False), None).cast(pl.Int64, strict=False)
    used = set(units["factor"].filter(usable.fill_null(value=False)).unique())
    said = " and ".join(name for name, one in _UNIT_NAMES if one in used)
    return Times(exact.alias(numbers.name), f"{said or 'seconds'} since 1970")


def _of_serials(numbers: pl.Series, timezone: str) -> pl.Series:
    """Return what a spreadsheet writes as days since 1899-12-30, to the millisecond."""
    usable = numbers.is_between(*SERIALS).fill_null(value=False)
    days = numbers.set(~usable, None) - EPOCH_SERIAL
    milliseconds = (days * 86_400_000).round().cast(pl.Int64)
    return _located((milliseconds * 1_000).cast(pl.Datetime("us")), timezone)


def _of_days(numbers: pl.Series, timezone: str) -> pl.Series:
    whole = numbers.is_between(19_000_101, 21_001_231) & (numbers == numbers.round())
    days = numbers.set(~whole.fill_null(value=False), None).cast(pl.Int64).cast(pl.String)
    return _tried(days, (CALENDAR_DAY,), timezone)


def _of_text(text: pl.Series, timezone: str, naive: Sequence[str]) -> Times:
    if _any(text, WORDED):
        text, places = _places(without_words(text))
        if places is not None:
            return _of_places(text, places, timezone, naive)
    plain = text.str.replace(r"^(\S+\d)T", "$1 ")
    plain = plain.str.replace(r"(:\d{2}\S*) ?([+-]\d{2})$", "$1$2:00")
    plain = plain.str.replace(r" ([+-]\d{2}:?\d{2})$", "$1")
    order = ""
    at = _tried(plain if naive == NAIVE else text, naive[:1], timezone)
    zoned = plain.str.contains(_ZONE_AT_THE_END)
    if at.null_count() > text.null_count():
        plain, order = _year_first(plain)
        at = at.zip_with(at.is_not_null(), _tried(plain, ZONED, None, only=zoned))
        at = at.zip_with(at.is_not_null(), _tried(plain, NAIVE, timezone, only=~zoned))
    named = " and ".join(
        words
        for words, present in (
            ("ISO 8601 with a zone", bool(zoned.any())),
            (f"without a zone, taken as {timezone}", not zoned.drop_nulls().all()),
        )
        if present
    )
    return Times(at, f"times {named}{order}" if named else "no times")


def _places(text: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Return times without the IANA zone that they name at the end, and these zones."""
    known = pl.Series(sorted(available_timezones()))
    place = text.str.extract(PLACE, 2)
    place = place.set(~place.is_in(known.implode()), None)
    if not place.count():
        return text, None
    return text.str.extract(PLACE, 1).zip_with(place.is_not_null(), text), place


def _of_places(text: pl.Series, places: pl.Series, timezone: str, naive: Sequence[str]) -> Times:
    at = pl.Series(text.name, [None], dtype=pl.Int64).new_from_index(0, len(text))
    for place in places.unique():
        own = places.is_null() if place is None else (places == place).fill_null(value=False)
        there = _of_text(text.set(~own, None), place or timezone, naive)
        at = at.zip_with(at.is_not_null(), there.at)
    return Times(at, f"times in {', '.join(sorted(places.drop_nulls().unique()))}")


def _year_first(text: pl.Series) -> tuple[pl.Series, str]:
    """Return days of other spellings as ISO 8601 writes them, and what was taken for granted."""
    text = text.str.replace(MONTH_FIRST, "$2-$1-$3").str.replace(SHORT_WORDED, "${1}20$2")
    text = text.str.replace(DAY_FIRST, "$3-$2-$1")
    numbers = {f"-{name}-": f"-{place:02}-" for place, name in enumerate(MONTHS, start=1)}
    text = text.str.to_lowercase().str.replace_many(numbers).str.to_uppercase()
    text = text.str.replace(SHORT_YEAR, "${1}20${2}$3")
    text = text.str.replace(YEAR_FIRST, "$1-$2-$3").str.replace(DOTTED, "$3-$2-$1")
    first, second = (text.str.extract(SLASHED, n).cast(pl.Int64) > TWELVE for n in (1, 2))
    if first.any() and not second.any():
        return text.str.replace(SLASHED, "$3-$2-$1"), ", the day before the month"
    if second.any() and not first.any():
        return text.str.replace(SLASHED, "$3-$1-$2"), ", the month before the day"
    return text, ""


def _tried(
    text: pl.Series, formats: Sequence[str], timezone: str | None, *, only: pl.Series | None = None
) -> pl.Series:
    left = text if only is None else text.set(~only.fill_null(value=False), None)
    at = pl.Series(text.name, [None], dtype=pl.Int64).new_from_index(0, len(text))
    for spelling in formats:
        if not left.count():
            break
        parsed = left.str.to_datetime(spelling, strict=False, time_unit="us")
        found = parsed.dt.epoch("us") if timezone is None else _located(parsed, timezone)
        at = at.zip_with(at.is_not_null(), found)
        left = left.set(at.is_not_null(), None)
    return at


def _located(naive: pl.Series, timezone: str) -> pl.Series:
    located = naive.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return located.dt.epoch("us")
