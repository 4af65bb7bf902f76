"""Both clients behind one manner of calling, and a service that answers what a test says."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from api.client import AsyncClient, Client
from recsys.errors import RecsysError


class Blocking:
    """The client that is awaited, called as the other one."""

    def __init__(self, runner: asyncio.Runner, url: str, **more: Any) -> None:
        async def made() -> AsyncClient:
            return AsyncClient(url, **more)

        self._runner = runner
        self._client = runner.run(made())

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found):
            return found

        async def called(*given: Any, **named: Any) -> Any:
            answer = found(*given, **named)
            if inspect.isasyncgen(answer):
                return [one async for one in answer]
            return await answer if inspect.isawaitable(answer) else answer

        return lambda *given, **named: self._runner.run(called(*given, **named))


@dataclass
class Connected:
    """A client, and what it told of."""

    client: Any
    told: list[RecsysError] = field(default_factory=list)


Connect = Callable[..., Connected]


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Make a client of each kind in turn."""
    made = []
    with asyncio.Runner() as runner:

        def connected(url: str, **more: Any) -> Connected:
            told: list[RecsysError] = []
            more = {"tell": told.append, **more}
            client = (
                Client(url, **more) if request.param == "sync" else Blocking(runner, url, **more)
            )
            made.append(client)
            return Connected(client, told)

        yield connected
        for client in made:
            client.close(seconds=1.0)


@dataclass(frozen=True)
class Answer:
    """What a service says next."""

    status: int = 200
    body: str = '{"success":true,"accepted":0,"duplicate":0,"rejected":0,"events":[]}'
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class Service:
    """A service that answers in turn what it is told to, and notes what it was asked."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)


@pytest.fixture
def service() -> Iterator[Service]:
    """A service on a port of its own."""
    found = Service("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            found.asked.append((self.command, self.path, self.rfile.read(length)))
            found.at.append(time.monotonic())
            said = found.answers.pop(0) if found.answers else Answer()
            time.sleep(said.seconds)
            body = said.body.encode()
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - the names that the library calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                """The client went, as some of these tests want it to."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()
