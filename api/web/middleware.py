"""Around every request: its id, its figures, its encoded slashes, and the last resort."""

from __future__ import annotations

import re
import time
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from api.requests.query import ENCODED_SLASH
from api.runtime import ids, logs
from api.web.problems import bug
from api.web.response import REQUEST_ID
from api.web.route import TEMPLATE

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from structlog.typing import FilteringBoundLogger

    from api.routes.fast_path import FastPath
    from api.runtime.metrics import Metrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")


class Around:
    """Pure ASGI: the few microseconds it costs are paid by every request.

    Parameters
    ----------
    app : ASGIApp
        The framework.
    hot : FastPath
        Knows what is answered past it.
    metrics : Metrics
        Where requests are counted.
    log : FilteringBoundLogger
        Where failures are written.
    """

    def __init__(
        self, app: ASGIApp, *, hot: FastPath, metrics: Metrics, log: FilteringBoundLogger
    ) -> None:
        self._app = app
        self._hot = hot
        self._metrics = metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note what became of it."""
        began = time.perf_counter()
        scope["request_id"] = _request_id(scope)
        _keep_encoded_slashes(scope)
        try:
            if endpoint := self._hot.endpoint(scope):
                status = await endpoint(scope, receive, send)
            else:
                status = await self._through(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the last resort: a bug is a 500, and logged
            self._log_bug(scope, error)
            status = await bug(scope["request_id"])(scope, receive, send)
        self._note(scope, status, time.perf_counter() - began)

    async def _through(self, scope: Scope, receive: Receive, send: Send) -> int:
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if all(name != REQUEST_ID for name, _ in message["headers"]):
                    message["headers"].append((REQUEST_ID, scope["request_id"].encode()))
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if not status:
                raise
            self._log_bug(scope, error)
        return status

    def _log_bug(self, scope: Scope, error: Exception) -> None:
        self._log.error("bug", request_id=scope["request_id"], **logs.described(error))

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", "unknown")
        template = str(scope.get(TEMPLATE, route))
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.request(method, template, status, seconds)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._log.warning(
                "request failed", request_id=scope["request_id"], route=template, status=status
            )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value.decode("ascii"))
    return ids.request_id()


def _keep_encoded_slashes(scope: Scope) -> None:
    # The server has decoded %2F to a slash; routes could not tell it from one between segments.
    raw = scope.get("raw_path") or b""
    if b"%2f" in raw or b"%2F" in raw:
        parts = (
            unquote(part).replace("/", ENCODED_SLASH) for part in raw.decode("latin-1").split("/")
        )
        scope["path"] = "/".join(parts)
