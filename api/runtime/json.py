"""JSON as answers are made of it, and instants as they are written in it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from recsys.data.times import SECOND, moment

Json = dict[str, Any]


def instant(at: int) -> str:
    """Return `at` (microseconds since the epoch) in ISO 8601."""
    return f"{_second(at // SECOND)}.{at // 1_000 % 1_000:03}Z"


@lru_cache(64)
def _second(seconds: int) -> str:
    # Many answers share their second.
    return moment(seconds * SECOND).isoformat()[:19]
