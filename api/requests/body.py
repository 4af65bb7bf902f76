"""JSON bodies: bounded, and broken ones explained."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import ClientDisconnect

from recsys.config import ServingSection
from recsys.errors import BadQuery, BodyTooLarge, BodyTooSlow

if TYPE_CHECKING:
    from starlette.types import Receive

_SHOWN = 60


async def read_object(receive: Receive, serving: ServingSection) -> dict[str, Any]:
    """Return the JSON object in the body of a request.

    Raises
    ------
    BodyTooLarge
        More than ``serving.max_body_bytes``; the rest is not read.
    BodyTooSlow
        It did not arrive within ``serving.body_seconds``.
    BadQuery
        Not JSON, nested deeper than 1,024 levels, or not an object.
    """
    try:
        async with asyncio.timeout(serving.body_seconds):
            raw = await _read(receive, serving.max_body_bytes)
    except TimeoutError as error:
        raise BodyTooSlow(serving.body_seconds) from error
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        near = raw[max(0, error.pos - _SHOWN // 2) :][:_SHOWN].decode("utf-8", "replace")
        raise BadQuery("body", near, f"JSON ({error.msg})") from error
    if not isinstance(found, dict):
        raise BadQuery("body", raw[:_SHOWN].decode("utf-8", "replace"), "a JSON object")
    return found


async def _read(receive: Receive, most_bytes: int) -> bytes:
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > most_bytes:
            raise BodyTooLarge(most_bytes)
        chunks.append(chunk)
    return b"".join(chunks)
