"""The description of all routes (OpenAPI 3.1), made of what serves them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

from api.messages import schema
from api.messages.message import Message
from api.runtime.json import Json
from api.web.problems import MEDIA_TYPE, Problem
from api.web.route import Body, Route

VERSION = "3.1.0"

_PATH: Mapping[str, Json] = {
    "user_id": {"description": "any UTF-8, percent-encoded, slashes too", "example": "12747"},
    "item_id": {"description": "percent-encoded", "example": "22423"},
    "name": {"description": "as `/v1/segments` names it", "example": "rfm:champions"},
}

_PROBLEMS: Mapping[int, str] = {
    401: "keys are configured, and none that is known was given",
    403: "the key that was given opens something else",
    404: "not in the serving model",
    410: "this user was erased",
    413: "more bytes than serving.max_body_bytes",
    422: "a parameter that is unknown, or outside what is allowed",
    500: "a bug in this service; it was logged with the request id",
    503: "no model yet, or the store is unavailable",
}

_BY_KEY = {"type": "http", "description": "a key that serving.*_keys_sha256 knows"}

SECURITY: Json = {
    "X-API-Key": {**_BY_KEY, "type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {**_BY_KEY, "scheme": "bearer"},
    "Basic": {**_BY_KEY, "scheme": "basic"},
}
"""The ways to hand in a key; without keys configured none is needed."""


def document(info: Json, routes: Iterable[Route], parameters: Mapping[str, Json]) -> Json:
    """Return the description of `routes`, with the `parameters` that queries may have."""
    paths: dict[str, Json] = {}
    for route in routes:
        for method in route.methods:
            operation = _operation(route, method.lower(), parameters)
            paths.setdefault(route.template, {})[method.lower()] = operation
    return {
        "openapi": VERSION,
        "info": info,
        "paths": paths,
        "components": {
            "schemas": schema.components({Problem, *_messages(routes)}),
            "securitySchemes": SECURITY,
        },
    }


def _operation(route: Route, method: str, parameters: Mapping[str, Json]) -> Json:
    summary, _, more = (inspect.getdoc(route.handler) or "").partition("\n")
    words = re.findall(r"\w+", f"{method} {route.template}")
    found: Json = {
        "tags": [route.tag],
        "summary": (route.summary or summary).rstrip("."),
        "operationId": "_".join(words),
        "responses": _responses(route),
    }
    if more.strip() and not route.summary:
        found["description"] = more.strip()
    if named := [*_in_path(route), *_in_query(route, parameters)]:
        found["parameters"] = named
    if route.body is not None:
        found["requestBody"] = _body(route.body, parameters)
    if route.right is not None:
        found["security"] = [{}, *({name: []} for name in SECURITY)]
    return found


def _in_path(route: Route) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, **_PATH[name]}
        for name in re.findall(r"\{(\w+)\}", route.template)
    ]


def _in_query(route: Route, parameters: Mapping[str, Json]) -> list[Json]:
    return [
        {
            "name": name,
            "in": "query",
            "description": one.get("description", ""),
            "schema": {key: value for key, value in one.items() if key != "description"},
        }
        for name, one in parameters.items()
        if name in route.takes
    ]


def _responses(route: Route) -> Json:
    codes = {422, 500, 503, *route.problems, *({401, 403} if route.right else ())}
    found = {str(code): _problem(code) for code in sorted(codes)}
    if route.refusal is not None:
        found["503"] = {"description": "not now, and why", "content": _json(route.refusal)}
    content = (
        {kind: {"schema": one} for kind, one in route.answer.items()}
        if isinstance(route.answer, Mapping)
        else _json(route.answer)
    )
    return {"200": {"description": "answered", "content": content}, **found}


def _problem(code: int) -> Json:
    return {"description": _PROBLEMS[code], "content": {MEDIA_TYPE: {"schema": _ref(Problem)}}}


def _json(kind: type) -> Json:
    return {"application/json": {"schema": _ref(kind)}}


def _body(body: Body, parameters: Mapping[str, Json]) -> Json:
    said: Json
    if isinstance(body.schema, tuple):
        said = {"oneOf": [_ref(kind) for kind in body.schema]}
    else:
        said = _ref(body.schema) if isinstance(body.schema, type) else body.schema
    if body.takes:
        more = {name: one for name, one in parameters.items() if name in body.takes}
        said = {**said, "properties": {**said["properties"], **more}}
    examples = {name: {"value": value} for name, value in body.examples.items()}
    content = {"application/json": {"schema": said, "examples": examples}}
    return {"required": True, "content": content}


def _messages(routes: Iterable[Route]) -> Iterable[type[Message]]:
    for route in routes:
        for one in (route.answer, route.body and route.body.schema):
            kinds: tuple[Any, ...] = one if isinstance(one, tuple) else (one,)
            yield from (kind for kind in kinds if isinstance(kind, type))


def _ref(kind: type) -> Json:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}
