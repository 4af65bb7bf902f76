"""A limit to how long a server may keep a statement, whether or not it still answers.

``statement_timeout`` is kept by the server. One that hangs, or that a firewall cut off, keeps
nothing: then the socket is shut down from here, and whoever waits on it gets an error.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

_LOOK_SECONDS = 0.1


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
        key = id(connection)
        with self._turn:
            self._due[key] = (time.monotonic() + self._seconds, connection)
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._look, name="store-watch", daemon=True).start()
        try:
            yield
        finally:
            self.end(connection)

    def end(self, connection: Connected) -> None:
        """Let a connection take as long as it takes."""
        with self._turn:
            self._due.pop(id(connection), None)

    def _look(self) -> None:
        idle_until = time.monotonic() + self._seconds
        while True:
            time.sleep(_LOOK_SECONDS)
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
