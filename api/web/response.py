"""Answers that are bytes already, sent in two messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PRIVATE = b"private, no-store"

SHARED = b"public, max-age=60"

FRESH = b"no-store"

REQUEST_ID = b"x-request-id"


class Answer:
    """A response as plain ASGI, with the id of its request: a framework's costs several times that.

    Parameters
    ----------
    body : bytes
        JSON, or of another `media` type.
    cache : bytes
        Who may keep it: one of those above.
    status : int
        Of the response.
    media : bytes
        What it is.
    headers : tuple of pairs of bytes
        Further ones.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(
        self,
        body: bytes,
        cache: bytes,
        *,
        status: int = 200,
        media: bytes = b"application/json",
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        self.body = body
        self.status = status
        self.headers = [
            (b"content-type", media),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", cache),
            *headers,
        ]

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> int:
        """Send it, to HEAD without its body, and return its status."""
        self.headers.append((REQUEST_ID, scope["request_id"].encode()))
        body = b"" if scope["method"] == "HEAD" else self.body
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": body})
        return self.status
