"""What happened: ids, kinds, and the columns in which events are kept.

Times are ``int64`` microseconds since 1970-01-01 UTC, everywhere. Ids leave this module as
``str`` and enter matrices as *rows*: positions in an :class:`IdMap`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.errors import BadEvent, BadQuery

SECOND = 1_000_000

HOUR = 3600 * SECOND

DAY = 24 * HOUR

FOREVER = 1 << 62
"""An instant after all others, in microseconds since the epoch."""

EARLIEST = 631_152_000 * SECOND
"""1990-01-01: what is said to have happened before is a number that is no time."""


def micros(moment: datetime) -> int:
    """Return microseconds since the epoch of an aware `moment`."""
    return int(moment.timestamp() * SECOND)


def moment(at: int) -> datetime:
    """Return the aware UTC datetime of `at` microseconds since the epoch."""
    return datetime.fromtimestamp(at // SECOND, UTC).replace(microsecond=at % SECOND)


_SHOWN_CHARACTERS = 80
_SINCE_1970 = r"[0-9]{9,16}(\.[0-9]{1,9})?"
"""Seconds or parts of them as text; eight digits are a date."""


def instant_of(said: object, zone: ZoneInfo) -> int:
    """Return microseconds since the epoch; `zone` is that of times that name none.

    Raises
    ------
    BadEvent
        Neither ISO 8601 nor seconds, milliseconds or microseconds since 1970.
    """
    try:
        if isinstance(said, str) and re.fullmatch(_SINCE_1970, said):
            said = float(said)
        if isinstance(said, str):
            told = datetime.fromisoformat(said)
            found = micros(told if told.tzinfo else told.replace(tzinfo=zone))
            if found >= EARLIEST:
                return found
        if isinstance(said, (int, float)) and not isinstance(said, bool) and said >= 0:
            at = int(said * (SECOND if said < 1e11 else 1_000 if said < 1e14 else 1))
            if at >= EARLIEST:
                return at
    except (ValueError, OverflowError):
        pass
    allowed = "ISO 8601, or seconds or milliseconds since 1970, from 1990 on"
    raise BadEvent("bad_time", f"timestamp is {shown(said)}; allowed: {allowed}")


def shown(value: object) -> str:
    """Return a value as it is shown in a reason."""
    return repr(value)[:_SHOWN_CHARACTERS]


QUARTER = HOUR // 4

_QUARTERS = ("at night", "in the morning", "in the afternoon", "in the evening")

DAY_PARTS = (*_QUARTERS, *(f"{part} at weekends" for part in _QUARTERS))
"""Six hours each from midnight: of Monday to Friday, then of Saturday and Sunday."""


def zone(name: str) -> ZoneInfo:
    """Return the time zone called `name`.

    Raises
    ------
    BadQuery
        `name` is not in the IANA database.
    """
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise BadQuery("timezone", name, "an IANA name such as Europe/London") from error


def zone_or(name: str, configured: str) -> ZoneInfo:
    """Return the zone of `name`, or the `configured` one where `name` is empty or unknown."""
    if not name:
        return ZoneInfo(configured)
    try:
        return zone(name)
    except BadQuery:
        return ZoneInfo(configured)


def local_hour(at: int, there: ZoneInfo) -> int:
    """Return the hour, 0 to 23, on a clock in zone `there` at `at` microseconds."""
    return datetime.fromtimestamp(at // SECOND, there).hour


def local_hours(at: NDArray[np.int64], there: ZoneInfo) -> NDArray[np.int8]:
    """Return the local hour of every instant, int8, shape (n,).

    Offsets change on quarter hours only, so one look-up serves all instants of a quarter.
    """
    quarters, place = np.unique(at // QUARTER, return_inverse=True)
    hours = [local_hour(int(quarter) * QUARTER, there) for quarter in quarters]
    return np.array(hours, np.int8)[place]


def next_quarter(at: int) -> int:
    """Return the first instant after `at` at which a quarter of an hour begins, in every zone."""
    return at - at % QUARTER + QUARTER


def day_part(at: int, there: ZoneInfo) -> int:
    """Return the place in ``DAY_PARTS`` of an instant on a clock in zone `there`."""
    now = datetime.fromtimestamp(at // SECOND, there)
    return now.hour // 6 + (len(_QUARTERS) if now.weekday() >= 5 else 0)


def day_parts(at: NDArray[np.int64], there: ZoneInfo) -> NDArray[np.int32]:
    """Return the part of the day of every instant, int32, shape (n,).

    As in :func:`local_hours`, but without a sort: millions of events fall on few quarters.
    """
    if not len(at):
        return np.empty(0, np.int32)
    quarter = at // QUARTER
    first = int(quarter.min())
    quarter -= first
    seen = np.bincount(quarter) > 0
    parts = np.zeros(len(seen), np.int32)
    parts[seen] = [day_part((first + q) * QUARTER, there) for q in np.flatnonzero(seen).tolist()]
    return parts[quarter]


def is_quiet(hour: int, quiet_from: int, quiet_until: int) -> bool:
    """Return whether `hour` lies in the quiet hours; equal bounds mean there are none."""
    if quiet_from <= quiet_until:
        return quiet_from <= hour < quiet_until
    return hour >= quiet_from or hour < quiet_until


def quiet_ends(at: int, there: ZoneInfo, quiet_until: int) -> int:
    """Return the first instant after `at` at which a local clock shows `quiet_until` o'clock.

    Where the clock skips that hour (start of summer time), it is the hour that follows.
    """
    now = datetime.fromtimestamp(at // SECOND, there)
    wanted = now.replace(hour=quiet_until, minute=0, second=0, microsecond=0)
    if micros(wanted) <= at:
        tomorrow = now.date() + timedelta(days=1)
        wanted = datetime(tomorrow.year, tomorrow.month, tomorrow.day, quiet_until, tzinfo=there)
    return micros(wanted.astimezone(UTC))
