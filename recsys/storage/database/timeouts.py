"""Nobody waits in line for a server that is down, and nobody waits for ever for one that hangs.

An :class:`Outage` looks for the server in the background while requests fail at once; were a
request to find out whether it is back, that request would wait for a time-out. A :class:`Watch`
cuts off connections that take too long: a server that stops answering without closing them would
hold its callers for minutes.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

_RETRY_SECONDS = 0.5
_CHECK_SECONDS = 0.1


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
        threading.Thread(target=self._search, name="store-outage", daemon=True).start()

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()

    def _search(self) -> None:
        while not self._closed.wait(_RETRY_SECONDS):
            if self._reached():
                self.lasts = False
                return


class Connected(Protocol):
    """A connection over a socket."""

    def fileno(self) -> int:
        """Return the number of its socket."""


class Watch:
    """Watches connections; its thread runs only while there is something to watch.

    Parameters
    ----------
    seconds : float
        How long a connection may be busy.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: dict[int, tuple[float, Connected]] = {}
        self._turn = threading.Lock()
        self._watching = False

    @contextmanager
    def over(self, connection: Connected) -> Iterator[None]:
        """Cut the connection off when the block takes too long."""
        with self._turn:
            self._due[id(connection)] = (time.monotonic() + self._seconds, connection)
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._check, name="store-watch", daemon=True).start()
        try:
            yield
        finally:
            self.end(connection)

    def end(self, connection: Connected) -> None:
        """Let a connection take as long as it takes."""
        with self._turn:
            self._due.pop(id(connection), None)

    def _check(self) -> None:
        idle_until = time.monotonic() + self._seconds
        while True:
            time.sleep(_CHECK_SECONDS)
            now = time.monotonic()
            with self._turn:
                if self._due:
                    idle_until = now + self._seconds
                elif now > idle_until:
                    self._watching = False
                    return
                for due, connection in self._due.values():
                    if now > due:
                        _cut(connection)


def _cut(connection: Connected) -> None:
    with suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)
