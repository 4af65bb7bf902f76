"""Which pages of others may read answers (CORS): those of `serving.allowed_origins`, and no more.

Errors are readable too, or a page could not tell why it gets no list. Cookies are never asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ASKED = b"access-control-request-method"
_EXPOSED = (b"access-control-expose-headers", b"etag, x-request-id, retry-after")
_START = {"type": "http.response.start", "status": 204}
_PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (b"access-control-allow-headers", b"authorization, content-type, x-api-key, x-request-id"),
    (b"access-control-max-age", b"7200"),
    (b"content-length", b"0"),
]


class Origins:
    """Pure ASGI, around all else: errors outside it could not be read.

    Parameters
    ----------
    app : ASGIApp
        What answers.
    allowed : iterable of str
        Scheme and host of each page, as browsers say it; none: no page of others.
    """

    def __init__(self, app: ASGIApp, allowed: Iterable[str]) -> None:
        self._app = app
        self._allowed = frozenset(origin.lower().encode() for origin in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request so that the page that asks may read the answer, if it may."""
        origin = _header(scope, b"origin") if self._allowed else b""
        if origin.lower() not in self._allowed:
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and _header(scope, _ASKED):
            await _readable(origin, send)({**_START, "headers": list(_PREFLIGHT)})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._app(scope, receive, _readable(origin, send))


def _readable(origin: bytes, send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            shared = [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]
            message = {**message, "headers": [*message["headers"], *shared, _EXPOSED]}
        await send(message)

    return with_headers


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((bytes(value) for name, value in scope["headers"] if name == wanted), b"")
