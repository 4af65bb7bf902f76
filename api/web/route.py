"""One route: whom it lets in, what it takes and what it answers; served and described from this."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import Request

from api.messages.message import Message
from api.requests.query import NO_NAMES, Names
from api.runtime.json import Json
from api.web import problems
from api.web.keys import Right
from recsys.errors import RecsysError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from api.service import Service

    Handler = Callable[[Service, Request], Awaitable[ASGIApp]]

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
    state : object
        Its ``service`` is what handlers stand on; it is there as long as requests are.
    """

    def __init__(self, route: Route, state: Any) -> None:
        self._state = state
        self._handler = route.handler
        self._right = route.right
        self._template = route.template

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the key, answer, and say what is wrong where something is."""
        scope[TEMPLATE] = self._template
        service: Service = self._state.service
        request = Request(scope, receive)
        try:
            if self._right is not None:
                service.keys.check(scope, self._right)
            answer = await self._handler(service, request)
        except RecsysError as error:
            answer = problems.of(error, request)
        await answer(scope, receive, send)
