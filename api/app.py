"""The application: ``uvicorn --factory api.app:create_app``. Nothing is built at import."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from api.answers.exports import Exports
from api.messages.message import dump
from api.requests.query import QueryReader
from api.routes import (
    audiences,
    browser,
    catalogue,
    consents,
    console,
    docs,
    erasure,
    events,
    experiments,
    exports,
    growth,
    guide,
    health,
    hooks,
    mail,
    placements,
    profiles,
    segments,
    users,
    webhooks,
)

# First, before anything that loads NumPy: see the module.
from api.runtime import (
    blas_threads,  # noqa: F401
    gc_freeze,
    logs,
)
from api.runtime.clock import Clock
from api.runtime.metrics import Metrics
from api.service import Service
from api.web import openapi
from api.web.bounds import Bounds
from api.web.keys import Keys
from api.web.middleware import Around
from api.web.origins import Origins
from api.web.route import Route, route
from api.webhooks.audiences import Audiences
from api.webhooks.churn import ChurnBands
from api.webhooks.delivery import Delivery
from api.webhooks.watch import Watcher
from recsys.config import Config
from recsys.project import version
from recsys.storage.files.config import read_config

DESCRIPTION = (
    "Which items, which channel, how likely to churn: one answer, and the rung it came from."
)

ROUTES: tuple[Route, ...] = (
    *users.HOT, events.post, *consents.ROUTES, *erasure.ROUTES, *profiles.ROUTES,
    *mail.ROUTES, *placements.ROUTES, *experiments.ROUTES, *growth.ROUTES,
    *users.ROUTES,
    *events.ROUTES, *catalogue.ROUTES, *segments.ROUTES, *audiences.ROUTES, *exports.ROUTES,
    *hooks.ROUTES, *webhooks.ROUTES,
    *health.ROUTES, *docs.ROUTES, *guide.ROUTES, *browser.ROUTES, *console.ROUTES,
)  # fmt: skip
"""All routes: the hottest first, and those that many paths match last."""


def create_app(config: Config | None = None, *, clock: Clock | None = None) -> Application:
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
    return Application(config or configured(), clock=clock)


class Application:
    """The ASGI application. Its :attr:`service` is there while it runs.

    Parameters
    ----------
    config : Config
        All of it.
    clock : Clock or None
        None: the one that the configuration asks for.

    Attributes
    ----------
    routes : tuple of Route
        All that is served.
    """

    def __init__(self, config: Config, *, clock: Clock | None) -> None:
        self.config = config
        self._clock = clock
        self._logger = logs.logger()
        self._metrics = Metrics()
        self.routes = (*ROUTES, _description(config))
        self._keys = Keys(config.serving)
        self._around = Around(
            self.routes,
            keys=self._keys,
            bounds=Bounds(config.serving),
            metrics=self._metrics,
            log=self._logger,
            logs_all=config.serving.log_requests,
        )
        origins = config.serving.allowed_origins
        self._answering = Origins(self._around, origins) if origins else self._around
        self.router = Router(lifespan=self._lifespan)

    @property
    def service(self) -> Service:
        """What handlers stand on."""
        service: Service = self._around.service
        return service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or start and stop."""
        await (self._answering if scope["type"] == "http" else self.router)(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: object) -> AsyncIterator[None]:
        metrics, logger = self._metrics, self._logger
        service = Service.opened(
            self.config, clock=self._clock, keys=self._keys, metrics=metrics, logger=logger
        )
        metrics.forget_the_dead()
        if service.current.version is None:
            logger.warning("nothing to serve yet", why=service.current.why_not)
        gc_freeze.freeze()
        self._around.service = service
        closing = asyncio.Event()
        following = asyncio.gather(
            service.follow(closing),
            service.hooks.follow(closing, self.config.serving.poll_seconds),
            Exports(service, logger).follow(closing, self.config.serving.poll_seconds),
            Delivery(service.webhooks, self.config).follow(closing, 1.0),
            Watcher(service, ChurnBands(service)).follow(closing, self.config.serving.poll_seconds),
            Watcher(service, Audiences(service)).follow(closing, self.config.serving.poll_seconds),
        )
        try:
            yield
        finally:
            # Not cancelled: a thread of its might still read what is closed below.
            closing.set()
            await following
            await service.close()
            metrics.end()
            gc_freeze.thaw()


def configured() -> Config:
    """Return the configuration that the environment points to.

    Raises
    ------
    ConfigError, UnreadableFile
        It cannot be used.
    """
    named = os.environ.get("RECSYS_CONFIG")
    return read_config(Path(named) if named else None, os.environ)


def _description(config: Config) -> Route:
    info = {"title": "recsys", "version": version(), "description": DESCRIPTION}

    @cache
    def found() -> bytes:
        return dump(openapi.document(info, ROUTES, QueryReader(config).parameters))

    @route("GET /openapi.json", runs="thread")
    def description(*_: object) -> Response:
        return Response(found(), media_type="application/json")

    return description
