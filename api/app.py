"""The application: ``uvicorn --factory api.app:create_app``. Nothing is built at import."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from api.routes import (
    audiences,
    catalogue,
    consents,
    docs,
    erasure,
    events,
    guide,
    health,
    merges,
    segment_io,
    segments,
    usage,
    users,
)
from api.routes.events import Events
from api.routes.fast_path import Hot
from api.routes.users import Users

# First, before anything that loads NumPy: see the module.
from api.runtime.clock import Clock
from api.service import Service
from api.web.middleware import Around
from api.web.openapi import SECURITY
from api.web.problems import on_bug, on_http_exception, on_recsys_error
from recsys.config import Config
from recsys.errors import RecsysError
from recsys.project import version
from recsys.storage.files.config import read_config

DESCRIPTION = (
    "Which items, which channel, how likely to churn: one answer, and the rung it came from."
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
    service = Service(config or configured(), clock=clock)
    app = Application(
        title="recsys",
        description=DESCRIPTION,
        version=version(),
        lifespan=_lifespan(service),
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    consents.register(app, service)
    erasure.register(app, service)
    merges.register(app, service)
    users.register(app, Users(service))
    for part in (events, segment_io, catalogue, segments, audiences, usage, health):
        part.register(app, service)
    docs.register(app)
    guide.register(app)
    app.add_exception_handler(RecsysError, on_recsys_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(Exception, on_bug)
    return app


class Application(FastAPI):
    """FastAPI behind what is around every request and what answers the hot ones past it."""

    _outermost: ASGIApp | None = None

    def openapi(self) -> dict[str, Any]:
        """Return the description of all routes, with the ways to hand in a key."""
        found = super().openapi()
        found["components"]["securitySchemes"] = SECURITY
        found["security"] = [{}, *({name: []} for name in SECURITY)]
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request through the layers, outermost first: around, hot answers, FastAPI."""
        if self._outermost is None:
            service: Service = self.state.service
            self._outermost = Around(
                super().__call__,
                hot=Hot(Users(service), Events(service)),
                metrics=service.metrics,
                log=service.logger,
            )
        await self._outermost(scope, receive, send)


def configured() -> Config:
    """Return the configuration that the environment points to.

    Raises
    ------
    ConfigError, UnreadableFile
        It cannot be used.
    """
    named = os.environ.get("RECSYS_CONFIG")
    return read_config(Path(named) if named else None, os.environ)


def _lifespan(service: Service) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.open()
        try:
            yield
        finally:
            await service.close()

    return lifespan
