"""The time that a command takes for now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from recsys.config import Config


def now() -> int:
    """Return the time of this machine's clock, microseconds since the epoch."""
    return time.time_ns() // 1_000


def of_service(config: Config) -> int:
    """Return the time from which a service of a configuration pretends to serve, else :func:`now`.

    Raises
    ------
    BadEvent
        ``serving.clock_start`` is no time.
    """
    # Loaded by commands that ask for it only.
    from recsys.data.times import instant_of

    start = config.serving.clock_start
    return instant_of(start, ZoneInfo("UTC")) if start else now()
