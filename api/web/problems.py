"""What went wrong, as problem+json (RFC 9457): one table from error class to status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api import errors as refused
from recsys import errors
from recsys.errors import QueryError, RecsysError, cut, shown
from recsys.storage.models import errors as models

if TYPE_CHECKING:
    from starlette.types import Scope

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1
# The rest of what such a request sends is not read.
_LAST = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})
_OUR_WORDS = frozenset({"reason", "allowed", "why", "refused"})

STATUS: Mapping[type[RecsysError], HTTPStatus] = {
    errors.BadQuery: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.BadEvent: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.BadRule: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnknownItem: HTTPStatus.NOT_FOUND,
    refused.UnknownParameter: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnknownPlacement: HTTPStatus.NOT_FOUND,
    errors.UnknownExperiment: HTTPStatus.NOT_FOUND,
    errors.UnknownExport: HTTPStatus.NOT_FOUND,
    refused.EndedExport: HTTPStatus.CONFLICT,
    errors.UnknownSegment: HTTPStatus.NOT_FOUND,
    errors.UnknownWebhook: HTTPStatus.NOT_FOUND,
    errors.UnknownMessage: HTTPStatus.NOT_FOUND,
    refused.UnprovedHook: HTTPStatus.UNAUTHORIZED,
    refused.WrongKey: HTTPStatus.UNAUTHORIZED,
    refused.KeyWithoutRight: HTTPStatus.FORBIDDEN,
    refused.ForeignPage: HTTPStatus.FORBIDDEN,
    refused.UnknownHost: HTTPStatus.MISDIRECTED_REQUEST,
    errors.ErasedUser: HTTPStatus.GONE,
    refused.ExpiredCursor: HTTPStatus.GONE,
    errors.NotMerged: HTTPStatus.CONFLICT,
    errors.ExperimentState: HTTPStatus.CONFLICT,
    errors.UndecidableExperiment: HTTPStatus.CONFLICT,
    refused.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    refused.BodyTooSlow: HTTPStatus.REQUEST_TIMEOUT,
    refused.HeadersTooLarge: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    refused.QueryTooLong: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.TooManyExports: HTTPStatus.TOO_MANY_REQUESTS,
    refused.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.QueryError: HTTPStatus.UNPROCESSABLE_ENTITY,
    models.NoChampion: HTTPStatus.SERVICE_UNAVAILABLE,
    models.CorruptArtifact: HTTPStatus.SERVICE_UNAVAILABLE,
    models.IncompatibleArtifact: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
    models.UnknownVersion: HTTPStatus.NOT_FOUND,
    errors.ConfigError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.DataError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.RecsysError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def status_of(error: type[RecsysError]) -> HTTPStatus:
    """Return the status of an error class: its own, else the one of the nearest parent."""
    return next(STATUS[parent] for parent in error.__mro__ if parent in STATUS)


def problem(
    status: HTTPStatus,
    *,
    kind: str,
    detail: str,
    request_id: str,
    facts: Mapping[str, Any] | None = None,
) -> Response:
    """Return a problem+json response.

    Parameters
    ----------
    status : HTTPStatus
        Of the response.
    kind : str
        What sort of problem, in CamelCase: it becomes type and title.
    detail : str
        What happened, which value, what is allowed.
    request_id : str
        By which the log can be searched.
    facts : mapping, optional
        Further members.
    """
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower()
    body = {
        "type": f"urn:recsys:problem:{words.replace(' ', '-')}",
        "title": words.capitalize(),
        "status": int(status),
        "detail": detail,
        # What Segment's and RudderStack's clients look for in an error.
        "code": words.replace(" ", "_"),
        "message": detail,
        "request_id": request_id,
        **{n: v if n in _OUR_WORDS else _shown(v) for n, v in (facts or {}).items()},
    }
    headers = {}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if facts and "retry_after_seconds" in facts:
        headers["Retry-After"] = str(facts["retry_after_seconds"])
    if status in _LAST:
        headers["Connection"] = "close"
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Basic realm="recsys"'
    return Response(
        orjson.dumps(body, default=str), int(status), media_type=MEDIA_TYPE, headers=headers
    )


def of(error: Exception, scope: Scope) -> Response:
    """Return the problem that an error stands for: anything unforeseen is a bug of ours."""
    request_id = scope["request_id"]
    if isinstance(error, RecsysError):
        facts = {name: fact for name, fact in vars(error).items() if not name.startswith("_")}
        detail = str(error)
        if not isinstance(error, QueryError):
            # What a caller sent is said back; what is of this machine is not told to callers.
            detail = public(detail)
            facts = {n: public(f) if isinstance(f, str) else f for n, f in facts.items()}
        return problem(
            status_of(type(error)),
            kind=type(error).__name__,
            detail=detail,
            request_id=request_id,
            facts=facts,
        )
    if isinstance(error, HTTPException):
        return _not_here(error, scope)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        kind="UnexpectedError",
        detail=f"a bug in this service; it was logged with the request id {request_id}",
        request_id=request_id,
    )


def public(text: str) -> str:
    """Return a message of ours without the folders, hosts and names that are in it."""
    text = re.sub(r"(?<![\w.:/])/(?:[^\s/:'\",;]+/)*([^\s/:'\",;]+)", r"\1", text)
    return re.sub(r'"[^"]*"', '"…"', text)


def _not_here(error: HTTPException, scope: Scope) -> Response:
    """Return the problem of an unknown path, or a method that is not allowed."""
    status, headers = HTTPStatus(error.status_code), dict(error.headers or {})
    details = {
        HTTPStatus.NOT_FOUND: "there is nothing at this path; /docs lists the paths there are",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{scope['method']} is not allowed here; "
        f"allowed: {headers.get('Allow')}",
    }
    response = problem(
        status,
        kind=status.phrase.title().replace(" ", ""),
        detail=details.get(status, status.description),
        request_id=scope["request_id"],
    )
    response.headers.update(headers)
    return response


def _shown(value: Any) -> Any:
    """Return a fact as it is told: our own tuples in full, what the caller sent cut."""
    if isinstance(value, (int, float, bool, type(None))):
        return value
    if isinstance(value, tuple):
        return [_shown(part) for part in value]
    try:
        text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    except orjson.JSONEncodeError:
        return shown(value)
    found = cut(text.encode("utf-8", "replace").decode())
    return value if isinstance(value, (list, dict)) and found == text else found
