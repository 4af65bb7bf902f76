"""One route: whom it lets in, what it takes and what it answers; served and described from this."""

from __future__ import annotations

import asyncio
import inspect
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from msgspec import structs
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import compile_path

from api.messages.message import Message, dump
from api.model.languages import wanted
from api.requests.body import read_object
from api.requests.query import Names, Query, identifier
from api.runtime.json import Json
from api.web.bounds import HEADERS as LIMIT_HEADERS
from api.web.keys import Right, is_secret
from api.web.response import FRESH, PRIVATE, SHARED, STATUS, respond

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from api.service import Service
    from recsys.config import ServingSection

Answered = Message | bytes | Response
Handler = Callable[["Service", "Call"], Answered | Awaitable[Answered]]
T = TypeVar("T")
SLICE_SECONDS = 0.004
"""Longest work on the event loop between two others' turns."""

Place = Literal["loop", "store", "thread"]


class Call:
    """One request, as handlers see it.

    Attributes
    ----------
    scope, receive
        As ASGI has them.
    id : str
        What the path names; empty where it names nothing.
    query : Query
        What is asked for, where the route takes parameters.
    """

    __slots__ = ("_left", "id", "query", "receive", "scope")

    query: Query

    def __init__(self, scope: Scope, receive: Receive, name: str) -> None:
        self.scope = scope
        self.receive = receive
        self.id = name
        self._left: asyncio.Future[Any] | None = None

    @property
    def accepts(self) -> str:
        """The best language of the request's Accept-Language."""
        for name, value in self.scope["headers"]:
            if name == b"accept-language":
                return wanted(value.decode("latin-1"))
        return "en"

    def done(self) -> None:
        """Stop waiting for the client to leave."""
        if self._left is not None:
            self._left.cancel()

    async def body(self, serving: ServingSection) -> Json:
        """Return the JSON object that the request carries.

        Raises
        ------
        BodyTooLarge, BodyTooSlow, BadQuery
            It is too large or too slow, or is no JSON object.
        """
        return await read_object(self.scope, self.receive, serving)

    async def sliced(self, things: Iterable[T]) -> AsyncIterator[T]:
        """Yield things to be worked on, and let other requests have the loop between.

        Raises
        ------
        ClientDisconnect
            Nobody waits for the answer any more.
        """
        until = time.perf_counter() + SLICE_SECONDS
        for thing in things:
            yield thing
            if time.perf_counter() > until:
                await self.still_wanted()
                until = time.perf_counter() + SLICE_SECONDS

    async def still_wanted(self) -> None:
        """Let other requests have the loop, and stop where nobody waits for the answer any more.

        Raises
        ------
        ClientDisconnect
            Nobody does.
        """
        if self._left is None:
            # After its body, what is received of a request is that its client left.
            self._left = asyncio.ensure_future(self.receive())
        await asyncio.sleep(0)
        if self._left.done():
            raise ClientDisconnect


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """What a request carries.

    Attributes
    ----------
    schema : tuple of type, or JSON Schema
        One of these messages, or what cannot be said as one.
    examples : mapping of str to Any
        By name.
    takes : Names
        Parameters of queries that are members too.
    """

    schema: tuple[type[Message], ...] | Json
    examples: Mapping[str, Any]
    takes: Names = frozenset()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Route:
    """One route.

    Attributes
    ----------
    method, path : str
        By which it is reached. What the path names is in braces; ``:path`` lets that have slashes.
    handler : Handler
        Makes the answer; its docstring is the description.
    answer : type or mapping of str to JSON Schema
        The message answered, or schemas by media type.
    tag : str
        Under which it is listed; empty: it is not.
    right : Right or None
        What a key has to open; None: nothing.
    browser : bool
        Whether a browser's key opens it too.
    takes : Names or None
        Parameters of the query string, no others; None: it is not looked at.
    runs : {"loop", "store", "thread"}
        Where a handler that is no coroutine runs: at once, at once unless the store is elsewhere,
        or always in a thread.
    cache : str
        Who may keep the answer.
    body : Body or None
        What a request carries.
    may : tuple of int
        Statuses of what may go wrong, besides what may everywhere.
    refusal : type or None
        The message answered with 503 instead of a problem.
    status : int
        Of what is answered.
    summary : str
        In a line; empty: the first of the docstring.
    links : mapping of str to JSON
        What may be asked next with what was answered, as OpenAPI says it.
    """

    method: str
    path: str
    handler: Handler
    answer: type[Message] | Mapping[str, Json]
    tag: str = ""
    right: Right | None = Right.READ
    browser: bool = False
    takes: Names | None = None
    runs: Place = "loop"
    cache: str = FRESH
    body: Body | None = None
    may: tuple[int, ...] = ()
    refusal: type[Message] | None = None
    status: int = 200
    summary: str = ""
    links: Mapping[str, Json] = field(default_factory=dict)

    @property
    def template(self) -> str:
        """The path as it is told."""
        return self.path.replace(":path}", "}")

    @property
    def named(self) -> str:
        """What the path names; empty where it names nothing."""
        return self.template.partition("{")[2].partition("}")[0]


def operation_id(method: str, template: str) -> str:
    """Return the name of an operation, as generated clients have it."""
    return "_".join(re.findall(r"\w+", f"{method.lower()} {template}"))


def leads(called: str, **parameters: str) -> Json:
    """Return a link to what is called by its method and path, with parts of the answer."""
    return {"operationId": operation_id(*called.split()), "parameters": parameters}


def route(
    called: str, answer: type[Message] | Mapping[str, Json] | None = None, **more: Any
) -> Callable[[Handler], Route]:
    """Return what makes a route of a handler; `called` is its method and its path."""
    method, path = called.split()
    return lambda handler: Route(
        method=method, path=path, handler=handler, answer=answer or {}, **more
    )


class BuiltRoute:
    """A route as plain ASGI, built once.

    Parameters
    ----------
    served : Route
        What it serves.
    """

    def __init__(self, served: Route) -> None:
        self._handler: Any = served.handler
        self.right = served.right
        self.browser = served.browser
        self._takes = served.takes
        self._speaks = "lang" in (served.takes or ())
        self._varies = self._speaks and served.cache == SHARED
        self._runs = served.runs
        self._named = served.named
        self._cache = served.cache.encode()
        self._status = served.status
        # What asked for a key is not for those without one; a public key is in the URL.
        self._cache_of_keys = (PRIVATE if served.cache == SHARED else served.cache).encode()
        self._is_coroutine = inspect.iscoroutinefunction(served.handler)
        self.template = served.template
        # A name may hold any character, and is not empty.
        self.pattern = re.compile(
            compile_path(served.path)[0].pattern.replace(".*", ".+"), re.DOTALL
        )

    async def __call__(
        self, service: Service, name: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request; `name` is what its path names.

        Raises
        ------
        RecsysError
            It is refused, and nothing was sent.
        """
        read = service.reader.user_id if self._named == "user_id" else identifier
        call = Call(scope, receive, read(self._named, name) if self._named else "")
        if self._takes is not None:
            call.query = service.reader.query(scope["query_string"], self._takes)
            if self._speaks and not call.query.lang and (accepts := call.accepts) != "en":
                call.query = structs.replace(call.query, accepts=accepts)
        answer = await self._answered(service, call)
        if isinstance(answer, Response):
            await respond(answer, scope, receive, send)
            return
        # A response object costs several times what this does.
        cache = self._cache_of_keys if is_secret(scope) else self._cache
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(answer)),
            (b"cache-control", cache),
            (b"x-request-id", scope["request_id"].encode()),
            *scope.get(LIMIT_HEADERS, ()),
        ]
        if self._varies and not call.query.lang:
            headers.append((b"vary", b"Accept-Language"))
        scope[STATUS] = self._status
        body = b"" if scope["method"] == "HEAD" else answer
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answered(self, service: Service, call: Call) -> bytes | Response:
        if self._is_coroutine:
            try:
                answer = await self._handler(service, call)
            finally:
                call.done()
            return dump(answer) if isinstance(answer, Message) else answer
        if self._runs == "loop" or (self._runs == "store" and service.is_local):
            return self._made(service, call)
        return await asyncio.to_thread(self._made, service, call)

    def _made(self, service: Service, call: Call) -> bytes | Response:
        answer = self._handler(service, call)
        return dump(answer) if isinstance(answer, Message) else answer
