"""JSON bodies: bounded, and broken ones explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import ClientDisconnect

from recsys.errors import BadQuery, BodyTooLarge

if TYPE_CHECKING:
    from starlette.types import Receive

_SHOWN = 60


async def read_object(receive: Receive, *, most_bytes: int) -> dict[str, Any]:
    """Return the JSON object in the body of a request.

    Raises
    ------
    BodyTooLarge
        More than `most_bytes`; the rest is not read.
    BadQuery
        Not JSON, or not an object.
    """
    raw = await _read(receive, most_bytes)
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
