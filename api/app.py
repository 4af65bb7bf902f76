"""The application: ``uvicorn --factory api.app:create_app``. Nothing is built at import."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# First, before anything that loads NumPy: see the module.
import api.runtime.blas_threads  # noqa: F401  # isort: skip

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.routing import Route as FrameworkRoute
from starlette.types import Receive, Scope, Send

from api.requests.query import QueryReader
from api.routes import (
    audiences,
    catalogue,
    consents,
    docs,
    erasure,
    events,
    guide,
    health,
    segment_io,
    segments,
    usage,
    users,
)
from api.routes.fast_path import FastPath
from api.runtime import logs
from api.runtime.clock import Clock
from api.runtime.metrics import Metrics
from api.service import Service
from api.web import openapi
from api.web.middleware import Around
from api.web.problems import on_bug, on_http_exception
from api.web.route import Endpoint
from recsys.config import Config
from recsys.storage.files.config import read_config

DESCRIPTION = (
    "Which items, which channel, how likely to churn: one answer, and the rung it came from."
)

ROUTES = (
    # The paths about a user that end in a word go ahead of those that any path matches.
    *consents.ROUTES,
    *erasure.ROUTES,
    *users.QUESTIONS.values(),
    users.BATCH,
    events.POST,
    *segment_io.ROUTES,
    *catalogue.ROUTES,
    *segments.ROUTES,
    *audiences.ROUTES,
    usage.INTERVAL,
    *health.ROUTES,
)


def create_app(config: Config | None = None, *, clock: Clock | None = None) -> FastAPI:
    """Return the application.

    Parameters
    ----------
    config : Config, optional
        None: the file that ``RECSYS_CONFIG`` names, else ``./recsys.toml``, else all defaults.
    clock : Clock, optional
        None: the one that the configuration asks for.

    Raises
    ------
    ConfigError, UnreadableFile
        The configuration cannot be used.
    """
    return Application(config or configured(), clock)


class Application(FastAPI):
    """FastAPI behind what is around every request, and behind the way of what is hot.

    Its ``state.service`` is there from start to end of the application's life.

    Parameters
    ----------
    config : Config
        All of it.
    clock : Clock or None
        None: the one that the configuration asks for.
    """

    def __init__(self, config: Config, clock: Clock | None) -> None:
        metrics, logger, running = Metrics(), logs.logger(), SimpleNamespace()

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            running.service = Service(config, clock=clock, logger=logger, metrics=metrics)
            self.state.service = running.service
            async with running.service.following():
                yield

        super().__init__(
            title="recsys",
            description=DESCRIPTION,
            version="1",
            lifespan=lifespan,
            redirect_slashes=False,
            docs_url=None,
            redoc_url=None,
        )
        self.state.config = config
        endpoints = {route: Endpoint(route, running) for route in ROUTES}
        for route, endpoint in endpoints.items():
            self.router.routes.append(_listed(route.path, endpoint, route.methods))
        docs.register(self)
        guide.register(self)
        # What they return is sent as the framework's own responses are.
        self.add_exception_handler(HTTPException, on_http_exception)  # type: ignore[arg-type]
        self.add_exception_handler(Exception, on_bug)  # type: ignore[arg-type]
        hot = FastPath(
            users={name: endpoints[route] for name, route in users.QUESTIONS.items()},
            posts={events.POST.path: endpoints[events.POST]},
        )
        self._outermost = Around(super().__call__, hot=hot, metrics=metrics, log=logger)

    def openapi(self) -> dict[str, Any]:
        """Return the description of all routes, made of what serves them."""
        if self.openapi_schema is None:
            info = {"title": self.title, "version": self.version, "description": self.description}
            parameters = QueryReader(self.state.config).parameters
            self.openapi_schema = openapi.document(info, ROUTES, parameters)
        return self.openapi_schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request through the layers, outermost first: around, hot answers, FastAPI."""
        through = self._outermost if scope["type"] == "http" else super().__call__
        await through(scope, receive, send)


def configured() -> Config:
    """Return the configuration that the environment points to.

    Raises
    ------
    ConfigError, UnreadableFile
        It cannot be used.
    """
    named = os.environ.get("RECSYS_CONFIG")
    return read_config(Path(named) if named else None, os.environ)


def _listed(path: str, endpoint: Endpoint, methods: tuple[str, ...]) -> FrameworkRoute:
    found = FrameworkRoute(path, endpoint, methods=methods)
    # The framework adds HEAD to every GET.
    found.methods = set(methods)
    return found
