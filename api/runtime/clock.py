"""The one clock of the API: real time, or time that started where historical data end."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from recsys.data.times import micros
from recsys.errors import BadValue

Clock = Callable[[], int]


def system() -> int:
    """Return the time now, microseconds since the epoch."""
    return time.time_ns() // 1_000


def starting_at(start: int) -> Clock:
    """Return a clock that shows `start` (microseconds since the epoch) now, and ticks on."""
    began = time.monotonic_ns()
    return lambda: start + (time.monotonic_ns() - began) // 1_000


def configured(clock_start: str, *, not_before: int = 0) -> Clock:
    """Return the clock that ``serving.clock_start`` asks for.

    Parameters
    ----------
    clock_start : str
        ISO 8601, UTC where it names no zone; empty for real time.
    not_before : int
        A shifted clock starts no earlier, microseconds since the epoch: after a restart, what
        was logged before must not lie in the future.

    Raises
    ------
    BadValue
        Not a time.
    """
    if not clock_start:
        return system
    try:
        start = datetime.fromisoformat(clock_start)
    except ValueError as error:
        allowed = "empty, or a time such as 2011-12-09T12:50:00Z"
        raise BadValue("serving.clock_start", clock_start, allowed) from error
    aware = start if start.tzinfo else start.replace(tzinfo=UTC)
    return starting_at(max(micros(aware), not_before))
