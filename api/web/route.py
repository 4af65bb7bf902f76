"""One route: whom it lets in, what it takes and what it answers; served and described from this."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import StreamingResponse

from api.messages.message import Message
from api.requests.query import NO_NAMES, Names
from api.runtime.json import Json
from api.web import problems
from api.web.keys import Right
from api.web.response import Answer
from recsys.errors import RecsysError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from api.service import Service

    Handler = Callable[[Service, Request], Awaitable[Answer | StreamingResponse]]

TEMPLATE = "route_template"


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """What a request carries.

    Attributes
    ----------
    schema : type, tuple of type or JSON Schema
        A message, one of several, or what cannot be said as one.
    examples : mapping of str to Any
        By name.
    takes : Names
        Parameters of queries that are members too.
    """

    schema: type[Message] | tuple[type[Message], ...] | Json
    examples: Mapping[str, Any]
    takes: Names = NO_NAMES


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Route:
    """One route.

    Attributes
    ----------
    path : str
        With its parameters, in braces; ``:path`` lets one have slashes.
    handler : Handler
        Makes the answer; its docstring is the description.
    answer : type or mapping of str to JSON Schema
        The message answered, or schemas by media type.
    tag : str
        Under which it is listed.
    methods : tuple of str
        By which it is reached.
    right : Right or None
        What a key has to open; None: nothing.
    takes : Names
        Parameters of the query string.
    body : Body or None
        What a request carries.
    problems : tuple of int
        Statuses of what may go wrong, besides what may everywhere.
    refusal : type or None
        The message answered with 503 instead of a problem.
    summary : str
        In a line; empty: the first of the docstring.
    """

    path: str
    handler: Handler
    answer: type[Message] | Mapping[str, Json]
    tag: str
    methods: tuple[str, ...] = ("GET",)
    right: Right | None = None
    takes: Names = NO_NAMES
    body: Body | None = None
    problems: tuple[int, ...] = ()
    refusal: type[Message] | None = None
    summary: str = ""

    @property
    def template(self) -> str:
        """The path as it is told."""
        return self.path.replace(":path}", "}")


class Endpoint:
    """A route as plain ASGI, built once.

    Parameters
    ----------
    route : Route
        What it serves.
    running : object
        Its ``service`` is what handlers stand on; it is there as long as requests are.
    """

    def __init__(self, route: Route, running: Any) -> None:
        self._running = running
        self._handler = route.handler
        self._right = route.right
        self._template = route.template

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Check the key, answer, and say what is wrong where something is; return the status."""
        scope[TEMPLATE] = self._template
        service: Service = self._running.service
        try:
            if self._right is not None:
                service.keys.check(scope, self._right)
            answer = await self._handler(service, Request(scope, receive))
        except RecsysError as error:
            answer = problems.of(error, scope)
        return await answer(scope, receive, send) or HTTPStatus.OK
