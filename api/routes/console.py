"""The console, which is loaded when somebody first looks at it: serving is none the slower."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

from starlette.responses import Response

from api.web.route import Call, Route, route

if TYPE_CHECKING:
    from api.console.site import Site
    from api.service import Service


async def console(service: Service, call: Call) -> Response:
    """Answer for the console."""
    site = service.console or await _open(service)
    return await site.answer(call, str((call.scope.get("client") or ("",))[0]))


ROUTES: tuple[Route, ...] = tuple(
    route(called, right=None)(console)
    for called in ("GET /console", "GET /console/{path:path}", "POST /console/{path:path}")
)


async def _open(service: Service) -> Site:
    opened = await asyncio.to_thread(_opened, service)
    service.console = opened
    return opened


def _opened(service: Service) -> Site:
    site: Site = import_module("api.console.site").Site(service)
    return site
