"""A server that is down: one thread looks for it in the background, and nobody else waits.

Were a request to find out whether it is back, that request would wait for a time-out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

_PAUSE_SECONDS = 0.5


class Outage:
    """Whether a server is down, and the search for it; its thread runs only while it is.

    Parameters
    ----------
    reached : callable
        Tries to reach the server, and returns whether it did; may take its time.
    """

    def __init__(self, reached: Callable[[], bool]) -> None:
        self._reached = reached
        self._turn = threading.Lock()
        self._closed = threading.Event()
        self.lasts = False

    def begin(self) -> None:
        """Note that the server cannot be reached, and look for it from now on."""
        with self._turn:
            if self.lasts or self._closed.is_set():
                return
            self.lasts = True
        threading.Thread(target=self._look, name="store-outage", daemon=True).start()

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()

    def _look(self) -> None:
        while not self._closed.wait(_PAUSE_SECONDS):
            if self._reached():
                self.lasts = False
                return
