"""Segment's own routes, so that its SDKs and webhooks work unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Request

from api.messages.events import SEGMENT_EXAMPLES, CallsAnswer
from api.routes.events import segment_batch, segment_call
from api.web.keys import Right
from api.web.response import Answer
from api.web.route import Body, Route

if TYPE_CHECKING:
    from api.service import Service
    from api.web.route import Handler

SUMMARIES = {
    "track": "Log what a user did",
    "identify": "Keep the traits of a user; with an anonymousId, give its history to the user",
    "alias": "Give an anonymous history to a user, at once",
    "page": "Log a page view; without an item it is not kept: the verdict says `unused_event`",
    "screen": "Log a screen view; without an item it is not kept: the verdict says `unused_event`",
    "group": "Understood, and used by no model: the verdict says `unused_event`",
}


def _of(kind: str) -> Handler:
    async def call(service: Service, request: Request) -> Answer:
        return await segment_call(service, request, kind)

    return call


def _route(kind: str, handler: Handler, summary: str) -> Route:
    return Route(
        path=f"/v1/{kind}",
        methods=("POST",),
        handler=handler,
        answer=CallsAnswer,
        tag="events",
        right=Right.WRITE,
        body=Body({"type": "object"}, {"Segment": SEGMENT_EXAMPLES[kind]}),
        problems=(413,),
        summary=summary,
    )


ROUTES = (
    *(_route(kind, _of(kind), summary) for kind, summary in SUMMARIES.items()),
    _route("batch", segment_batch, "Log many calls of any type: a verdict for each"),
)
