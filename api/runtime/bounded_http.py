"""HTTP/1.1 as uvicorn speaks it, for headers that arrive in time and are not endless."""

from __future__ import annotations

import json
from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_PROBLEM = (
    b"HTTP/1.1 %d %s\r\nconnection: close\r\n"
    b"content-type: application/problem+json\r\ncontent-length: %d\r\n\r\n%s"
)

HEADER_BYTES = "header_bytes"
"""Where the scope of a request says how large its address and headers are together."""


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection whose headers do not come, do not end, or are more than are read.

    The bounds are those of the application's ``config.serving``. Headers that came whole and are
    too large are refused by the application, which words it; here only what cannot get that far.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        serving = self.app.config.serving
        self._seconds: float = serving.header_seconds
        self._most: int = serving.max_header_bytes
        self._in_headers = False
        self._read_bytes = self._chunk_bytes = 0
        self._waiting: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on, and bound what the headers take where they are not complete."""
        self._chunk_bytes = len(data)
        super().data_received(data)
        if not self._in_headers:
            return
        self._read_bytes += len(data)
        if self._read_bytes > self._most:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; an address that is longer than can be parsed is too large."""
        if self._chunk_bytes > self._most:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        else:
            super().send_400_response(msg)

    def on_message_begin(self) -> None:
        """Note that headers begin."""
        self._in_headers, self._read_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Tell the application how large they are."""
        self._in_headers = False
        self._stop_waiting()
        size = len(self.url) + sum([len(name) + len(value) for name, value in self.headers])
        self.scope[HEADER_BYTES] = size  # type: ignore[literal-required]
        super().on_headers_complete()

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self._seconds, self._too_late)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _too_late(self) -> None:
        if self._in_headers:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        self._in_headers = False
        self._stop_waiting()
        if not self.transport.is_closing():
            told = _problem(status)
            self.transport.write(_PROBLEM % (status, status.phrase.encode(), len(told), told))
            self.transport.close()


def _problem(status: HTTPStatus) -> bytes:
    """Return what the application would say, had the request got that far."""
    words, detail = status.phrase.lower(), status.description or status.phrase
    told = {
        "type": f"urn:recsys:problem:{words.replace(' ', '-')}",
        "title": status.phrase.capitalize(),
        "status": int(status),
        "detail": detail,
        "code": words.replace(" ", "_"),
        "message": detail,
        "request_id": "",
    }
    return json.dumps(told).encode()
