"""How answers are sent."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from starlette.responses import Response

from api.web.bounds import HEADERS
from api.web.keys import is_secret

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PRIVATE = "private, no-store"

SHARED = "public, max-age=60"

LISTED = "public, max-age=60, stale-while-revalidate=600"

FRESH = "no-store"

STATUS = "answered_status"
"""Where a request's scope says with which status it was answered, as soon as that is sent."""


def cached(body: bytes, scope: Scope, *, media_type: str, by_language: bool = False) -> Response:
    """Return an answer for anybody that caches keep; only its ETag to who has it already.

    `by_language`: its words hang on the request's Accept-Language.

    What asked for a secret key is kept by nobody.
    """
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {
        "cache-control": PRIVATE if is_secret(scope) else LISTED,
        "etag": etag,
        "vary": "Origin, Accept-Language" if by_language else "Origin",
    }
    given = dict(scope["headers"]).get(b"if-none-match", b"").decode("latin-1")
    if etag in given or given.strip() == "*":
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


async def respond(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a response with the id of its request."""
    response.headers["x-request-id"] = scope["request_id"]
    response.raw_headers.extend(scope.get(HEADERS, ()))
    scope[STATUS] = response.status_code
    await response(scope, receive, send)
