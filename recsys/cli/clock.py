"""The time that a command takes for now."""

from __future__ import annotations

import time


def now() -> int:
    """Return the time of this machine's clock, microseconds since the epoch."""
    return time.time_ns() // 1_000
