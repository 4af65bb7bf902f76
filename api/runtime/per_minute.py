"""How often somebody did something within a minute."""

from __future__ import annotations

import math
import threading
import time

WINDOW_SECONDS = 60


class PerMinute:
    """Counts by name in one window for all: a library's costs as much as looking at a key.

    Counts are kept in the memory of this process. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._until = 0.0
        self._turn = threading.Lock()

    def count(self, who: str) -> tuple[int, int]:
        """Return how often it was in this minute, this time too, and the seconds left of it."""
        with self._turn:
            now = time.monotonic()
            if now >= self._until:
                self._counts.clear()
                self._until = now + WINDOW_SECONDS
            count = self._counts[who] = self._counts.get(who, 0) + 1
            return count, math.ceil(self._until - now)
