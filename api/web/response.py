"""How answers are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.web.bounds import HEADERS

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

PRIVATE = "private, no-store"

SHARED = "public, max-age=60"

LISTED = "public, max-age=60, stale-while-revalidate=600"

FRESH = "no-store"

STATUS = "answered_status"
"""Where a request's scope says with which status it was answered, as soon as that is sent."""


async def respond(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a response with the id of its request."""
    response.headers["x-request-id"] = scope["request_id"]
    response.raw_headers.extend(scope.get(HEADERS, ()))
    scope[STATUS] = response.status_code
    await response(scope, receive, send)
