"""JSON bodies: bounded, and broken ones explained."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import orjson
from fastapi import Request

from api.messages import schema
from api.messages.message import Message
from api.runtime.json import Json
from recsys.errors import BadQuery, BodyTooLarge

_SHOWN = 60

Kind = TypeVar("Kind", bound=Message)


async def read_object(request: Request, *, most_bytes: int) -> Json:
    """Return the JSON object in the body of a request.

    Raises
    ------
    BodyTooLarge
        More than `most_bytes`; the rest is not read.
    BadQuery
        Not JSON, or not an object.
    """
    raw = await _read(request, most_bytes)
    try:
        found: Any = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        near = raw[max(0, error.pos - _SHOWN // 2) :][:_SHOWN].decode("utf-8", "replace")
        raise BadQuery("body", near, f"JSON ({error.msg})") from error
    if not isinstance(found, dict):
        raise BadQuery("body", raw[:_SHOWN].decode("utf-8", "replace"), "a JSON object")
    return found


def message(fields: Json, kind: type[Kind]) -> Kind:
    """Return the fields of a body as the message that they are to be.

    Raises
    ------
    BadQuery
        A field is missing, unknown, or outside what is allowed.
    """
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise schema.refused(fields, schema.members(kind), error) from error


async def _read(request: Request, most_bytes: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most_bytes:
            raise BodyTooLarge(most_bytes)
        chunks.append(chunk)
    return b"".join(chunks)
