"""The description of all routes (OpenAPI 3.1), made of what serves them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from api.messages import schema
from api.messages.message import Message
from api.messages.operations import Problem
from api.runtime.json import Json
from api.web.problems import MEDIA_TYPE
from api.web.route import Body, Route, operation_id

_PATH: Mapping[str, Json] = {
    "user_id": {"description": "any UTF-8, percent-encoded, slashes too", "example": "12747"},
    "item_id": {"description": "percent-encoded", "example": "22423"},
    "export_id": {"description": "as `POST /v1/exports` answered it", "example": "0199c2d4"},
    "experiment_id": {"description": "as `/v1/experiments` names it", "example": "home-test"},
    "placement_id": {"description": "as `/v1/placements` names it", "example": "home"},
    "link": {"description": "of a list and an item, as mails have them", "example": "LIST/22423"},
    "tool": {"description": "one of serving.hook_secrets", "example": "mailchimp"},
    "webhook_id": {"description": "as `/v1/webhooks` lists it", "example": "0199c2d4"},
    "name": {"description": "as `/v1/segments` names it", "example": "rfm:champions"},
}

_PROBLEMS: Mapping[int, str] = {
    401: "there are keys, and none that holds was given",
    403: "the key that was given opens something else, or a page of others asks",
    404: "not in the serving model, or never saved",
    409: "the id is a user of its own, or the experiment or export is not where that can be done",
    410: "this user was erased, or this cursor has ended",
    408: "the body did not arrive within serving.body_seconds",
    413: "more bytes than serving.max_body_bytes",
    414: "a query string of more than serving.max_query_bytes",
    422: "what was sent is unknown, or outside what is allowed",
    429: "more requests than serving.requests_per_minute, see Retry-After",
    431: "more bytes of headers than serving.max_header_bytes",
    500: "a bug in this service; it was logged with the request id",
    503: "no model yet, or the store is unavailable",
}

_BY_KEY = {"type": "http", "description": "a key of `recsys keys`, or of serving.*_keys_sha256"}

SECURITY: Mapping[str, Json] = {
    "X-API-Key": {**_BY_KEY, "type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {**_BY_KEY, "scheme": "bearer"},
    "Basic": {**_BY_KEY, "scheme": "basic"},
}
"""The ways to hand in a key; without keys configured none is needed."""


def document(info: Json, routes: Sequence[Route], parameters: Mapping[str, Json]) -> Json:
    """Return the description of `routes`, with the `parameters` that queries may have."""
    paths: dict[str, Json] = {}
    listed = [one for one in routes if one.tag]
    for one in listed:
        paths.setdefault(one.template, {})[one.method.lower()] = _operation(one, parameters)
    return {
        "openapi": "3.1.0",
        "info": info,
        "paths": paths,
        "security": [{}, *({name: []} for name in SECURITY)],
        "components": {
            "schemas": schema.components({Problem, *_messages(listed)}),
            "securitySchemes": SECURITY,
        },
    }


def _operation(one: Route, parameters: Mapping[str, Json]) -> Json:
    summary, _, more = (inspect.getdoc(one.handler) or "").partition("\n")
    found: Json = {
        "tags": [one.tag],
        "summary": one.summary or summary.rstrip("."),
        "operationId": operation_id(one.method, one.template),
        "parameters": [*_parameters(one, parameters)],
        "responses": _responses(one),
    }
    if more.strip() and not one.summary:
        found["description"] = more.strip()
    if one.body is not None:
        found["requestBody"] = _body(one.body, parameters)
    return found


def _parameters(one: Route, parameters: Mapping[str, Json]) -> Iterator[Json]:
    if name := one.named:
        text = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": text, **_PATH[name]}
    for name, found in parameters.items():
        if name in (one.takes or ()):
            meaning = found.get("description", "")
            yield {"name": name, "in": "query", "description": meaning, "schema": found}


def _responses(one: Route) -> Json:
    codes = {414, 422, 429, 431, 500, 503, *one.may, *({408, 413} if one.body else ())}
    codes |= {401, 403} if one.right else set()
    problem = {MEDIA_TYPE: {"schema": _ref(Problem)}}
    found = {
        str(code): {"description": _PROBLEMS[code], "content": problem} for code in sorted(codes)
    }
    if one.refusal is not None:
        found["503"] = {"description": "not now, and why", "content": _json(_ref(one.refusal))}
    content = (
        {kind: {"schema": each} for kind, each in one.answer.items()}
        if isinstance(one.answer, Mapping)
        else _json(_ref(one.answer))
    )
    answered: dict[str, Any] = {"description": "answered", "content": content}
    answered = {**answered, "links": one.links} if one.links else answered
    return {str(one.status): answered, **found}


def _body(body: Body, parameters: Mapping[str, Json]) -> Json:
    if isinstance(body.schema, tuple):
        kinds = [_ref(kind) for kind in body.schema]
        said: Json = {"oneOf": kinds} if len(kinds) > 1 else kinds[0]
    else:
        more = {name: _or_null(one) for name, one in parameters.items() if name in body.takes}
        said = {**body.schema, "properties": {**body.schema.get("properties", {}), **more}}
    examples = {name: {"value": value} for name, value in body.examples.items()}
    return {"required": True, "content": _json(said, examples=examples)}


def _or_null(one: Json) -> Json:
    return {"anyOf": [one, {"type": "null"}], "description": one.get("description", "")}


def _messages(routes: Iterable[Route]) -> Iterator[type[Message]]:
    for one in routes:
        said = one.body.schema if one.body else ()
        kinds = (one.answer, one.refusal, *(said if isinstance(said, tuple) else ()))
        yield from (kind for kind in kinds if isinstance(kind, type))


def _json(said: Json, **more: Any) -> Json:
    return {"application/json": {"schema": said, **more}}


def _ref(kind: type) -> Json:
    return {"$ref": schema.REF.format(name=kind.__name__)}
