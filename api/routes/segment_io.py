"""Segment's own routes, so that its SDKs and webhooks work unchanged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response

from api.routes.events import Events
from api.service import Service
from api.web.openapi import KEYS, PROBLEMS, SEGMENT_BODIES, TOO_LARGE
from api.web.response import Answer
from api.web.schemas import CallsAnswer

SUMMARIES = {
    "track": "Log what a user did",
    "identify": "Keep the traits of a user; with an anonymousId, give its history to the user",
    "alias": "Give an anonymous history to a user, at once",
    "page": "Log a page view; without an item it is not kept: the verdict says `unused_event`",
    "screen": "Log a screen view; without an item it is not kept: the verdict says `unused_event`",
    "group": "Understood, and used by no model: the verdict says `unused_event`",
}


def register(app: FastAPI, service: Service) -> None:
    """Add the routes."""
    events = Events(service)
    for kind, summary in SUMMARIES.items():
        _add(app, f"/v1/{kind}", _of(events, kind), summary, SEGMENT_BODIES[kind])
    summary = "Log many calls of any type: a verdict for each"
    _add(app, "/v1/batch", events.segment_batch, summary, SEGMENT_BODIES["batch"])


def _of(events: Events, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def call(request: Request) -> Response:
        return await events.segment_call(request, kind)

    return call


def _add(
    app: FastAPI,
    path: str,
    handler: Callable[[Request], Awaitable[Response]],
    summary: str,
    body: dict[str, Any],
) -> None:
    app.add_api_route(
        path,
        handler,
        methods=["POST"],
        tags=["events"],
        summary=summary,
        responses={200: {"model": CallsAnswer}, **PROBLEMS, **TOO_LARGE, **KEYS},
        response_class=Answer,
        openapi_extra={"requestBody": body},
    )
