"""Around every request: its id, its route, its figures, its slashes, and what went wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.errors import WrongKey
from api.requests.query import ENCODED_SLASH
from api.runtime import ids, logs
from api.web import problems
from api.web.bounds import Bounds
from api.web.keys import LABEL
from api.web.response import STATUS, respond
from api.web.route import BuiltRoute, Route

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send
    from structlog.typing import FilteringBoundLogger

    from api.runtime.metrics import Metrics
    from api.web.keys import Keys

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_UNKNOWN = "unknown"
CLIENT_LEFT = 499


class Around:
    """Pure ASGI: the few microseconds it costs are paid by every request.

    A framework's own work for a request (matching, exit stacks, dependencies, a response object)
    costs about as much as an answer itself; routes are looked at in order here, the hottest first.

    Parameters
    ----------
    routes : iterable of Route
        All there are.
    keys : Keys
        Whom they let in.
    bounds : Bounds
        How large requests are, and how many.
    metrics : Metrics
        Where requests are counted.
    log : FilteringBoundLogger
        Where failures are written.
    logs_all : bool
        Whether all requests are.

    Attributes
    ----------
    service : Service
        What handlers stand on; None until the server has started.
    """

    def __init__(
        self,
        routes: Iterable[Route],
        *,
        keys: Keys,
        bounds: Bounds,
        metrics: Metrics,
        log: FilteringBoundLogger,
        logs_all: bool = False,
    ) -> None:
        self._logs_all = logs_all
        self._bounds = bounds
        self.service: Any = None
        self._keys = keys
        self._metrics = metrics
        self._log = log
        by_path: dict[str, dict[str, BuiltRoute]] = {}
        for one in routes:
            by_path.setdefault(one.path, {})[one.method] = BuiltRoute(one)
        self._anywhere = _patterns(by_path, None)
        self._by_head = {_head(path): _patterns(by_path, _head(path)) for path in by_path}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and note what became of it."""
        began, template = time.perf_counter(), _UNKNOWN
        scope["request_id"] = _request_id(scope)
        _keep_encoded_slashes(scope)
        try:
            self._bounds.check(scope)
            endpoint, name = self._found(scope["method"], scope["path"])
            template = endpoint.template
            if endpoint.right is not None:
                self._keys.check(scope, endpoint.right, browser=endpoint.browser)
                self._bounds.count(scope)
            await endpoint(self.service, name, scope, receive, send)
        except ClientDisconnect:
            # Nobody is told anything; the figures know it by the status that nginx uses.
            scope.setdefault(STATUS, CLIENT_LEFT)
        except WrongKey as error:
            told = problems.of(await self._bounds.slowly(scope, error), scope)
            await respond(told, scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the last resort: a bug is a 500, and logged
            response = problems.of(error, scope)
            if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
                described = logs.described(error)
                self._log.error("bug", request_id=scope["request_id"], **described)
            if STATUS not in scope:
                await respond(response, scope, receive, send)
        self._note(scope, template, time.perf_counter() - began)

    def _found(self, method: str, path: str) -> tuple[BuiltRoute, str]:
        allowed: set[str] = set()
        for pattern, by_method in self._by_head.get(_head(path), self._anywhere):
            if match := pattern.fullmatch(path):
                endpoint = by_method.get("GET" if method == "HEAD" else method)
                if endpoint is not None:
                    return endpoint, (match[1] if match.re.groups else "")
                allowed |= by_method.keys()
        if allowed:
            more = {"HEAD"} if "GET" in allowed else set()
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(allowed | more))})
        raise HTTPException(404)

    def _note(self, scope: Scope, template: str, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        status = scope[STATUS]
        self._metrics.request(method, template, status, seconds)
        if self._logs_all or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            told = {"request_id": scope["request_id"], "route": template, "status": status}
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self._log.warning("request failed", **told)
            else:
                ms = round(seconds * 1_000, 2)
                self._log.info("request", method=method, ms=ms, key=scope.get(LABEL), **told)


_Patterns = list[tuple[re.Pattern[str], dict[str, BuiltRoute]]]


def _head(path: str) -> tuple[str, ...]:
    """Return the first two segments: routes are looked for among those that begin so."""
    return tuple(path.split("/", 3)[1:3])


def _patterns(
    by_path: Mapping[str, dict[str, BuiltRoute]], head: tuple[str, ...] | None
) -> _Patterns:
    """Return the routes that begin with `head`, or that may begin with anything, in their order."""
    return [
        (next(iter(of.values())).pattern, of)
        for path, of in by_path.items()
        if _head(path) == head or "{" in "/".join(_head(path))
    ]


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
