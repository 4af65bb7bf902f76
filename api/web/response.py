"""Responses with JSON bytes made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


PRIVATE = {"Cache-Control": "private, no-store"}

SHARED = {"Cache-Control": "public, max-age=60"}

FRESH = {"Cache-Control": "no-store"}


class Answer(Response):
    """A JSON object that is already bytes."""

    media_type = "application/json"


TEMPLATE = "route_template"


async def respond(response: Response, scope: Scope, receive: Receive, send: Send) -> int:
    """Send a response with the id of its request and return its status."""
    response.headers["x-request-id"] = scope["request_id"]
    await response(scope, receive, send)
    return response.status_code
