"""The way of answers about a user, and of events, past the framework.

FastAPI's own work for a request (matching, exit stacks, dependencies, a response object) costs
about as much as the answer itself. The same paths are routes as well, with the same handlers: they
describe themselves to OpenAPI, and serve where this middleware is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Request

from api.web.keys import Right
from api.web.problems import on_recsys_error
from api.web.response import TEMPLATE, respond
from recsys.errors import RecsysError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from api.routes.events import Events
    from api.routes.users import Users

PREFIX = "/v1/users/"

EVENTS = "/v1/events"


class Hot:
    """Answers what is hot.

    Parameters
    ----------
    users : Users
        The handlers of the hot routes.
    events : Events
        The handler of ``POST /v1/events``.
    """

    def __init__(self, users: Users, events: Events) -> None:
        self._users = users
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Answer what is hot and return the status; 0: not hot, nothing was sent."""
        path = scope["path"]
        if path == EVENTS and scope["method"] == "POST":
            return await self._take(scope, receive, send)
        if not path.startswith(PREFIX) or scope["method"] != "GET":
            return 0
        user_id, slash, question = path[len(PREFIX) :].rpartition("/")
        if not slash:
            user_id, question = question, ""
        if question not in self._users.questions:
            return 0
        scope[TEMPLATE] = self._users.templates[question]
        try:
            self._users.keys.check(scope, Right.READ)
            if self._users.takes_decision(question, scope["query_string"]):
                body = await self._users.decided(user_id, scope["query_string"])
            else:
                body = await self._users.answer(question, user_id, scope["query_string"])
        except RecsysError as error:
            return await respond(await on_recsys_error(Request(scope), error), scope, receive, send)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"private, no-store"),
            (b"x-request-id", scope["request_id"].encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return 200

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> int:
        scope[TEMPLATE] = EVENTS
        request = Request(scope, receive)
        try:
            response = await self._events.post(request)
        except RecsysError as error:
            response = await on_recsys_error(request, error)
        return await respond(response, scope, receive, send)
