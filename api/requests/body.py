"""Bodies, JSON and forms: bounded, and broken ones explained."""

from __future__ import annotations

import asyncio
import zlib
from gzip import GzipFile
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect

from api.errors import BodyTooLarge, BodyTooSlow
from recsys.config import ServingSection
from recsys.errors import BadQuery

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

_SHOWN = 60


async def read_object(scope: Scope, receive: Receive, serving: ServingSection) -> dict[str, Any]:
    """Return the JSON object in the body of a request, gzipped or not.

    Raises
    ------
    BodyTooLarge
        More than ``serving.max_body_bytes``, packed or unpacked; the rest is not read.
    BodyTooSlow
        It did not arrive within ``serving.body_seconds``.
    BadQuery
        Not JSON, nested deeper than 1,024 levels, or not an object.
    """
    raw = await read_bytes(scope, receive, serving)
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        near = raw[max(0, error.pos - _SHOWN // 2) :][:_SHOWN].decode("utf-8", "replace")
        raise BadQuery("body", near, f"JSON ({error.msg})") from error
    if not isinstance(found, dict):
        raise BadQuery("body", raw[:_SHOWN].decode("utf-8", "replace"), "a JSON object")
    return found


async def read_form(scope: Scope, receive: Receive, serving: ServingSection) -> dict[str, str]:
    """Return the fields of a form, the last one of each name.

    Raises
    ------
    BodyTooLarge, BodyTooSlow, BadQuery
        As :func:`read_object` says.
    """
    raw = await read_bytes(scope, receive, serving)
    return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))


async def read_bytes(scope: Scope, receive: Receive, serving: ServingSection) -> bytes:
    """Return the body of a request, unpacked.

    Raises
    ------
    BodyTooLarge, BodyTooSlow, BadQuery
        As :func:`read_object` says.
    """
    try:
        async with asyncio.timeout(serving.body_seconds):
            raw = await _read(receive, serving.max_body_bytes)
    except TimeoutError as error:
        raise BodyTooSlow(serving.body_seconds) from error
    if encoding := dict(scope["headers"]).get(b"content-encoding", b""):
        return _unpacked(raw, encoding.decode("latin-1").lower(), serving.max_body_bytes)
    return raw


def _unpacked(raw: bytes, encoding: str, most_bytes: int) -> bytes:
    if encoding == "identity":
        return raw
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise BadQuery("content-encoding", encoding, "gzip, deflate or identity")
    try:
        found = (_inflated if encoding == "deflate" else _gunzipped)(raw, most_bytes + 1)
    except (OSError, zlib.error) as error:
        raise BadQuery("body", "no such bytes", f"{encoding}, as content-encoding says") from error
    except EOFError as error:
        raise BadQuery("body", "half of it", f"{encoding}, as content-encoding says") from error
    if len(found) > most_bytes:
        raise BodyTooLarge(most_bytes)
    return found


def _gunzipped(raw: bytes, most_bytes: int) -> bytes:
    # What is flushed now and then is several of them, one after the other: the reader knows.
    with GzipFile(fileobj=BytesIO(raw)) as file:
        return file.read(most_bytes)


def _inflated(raw: bytes, most_bytes: int) -> bytes:
    unpacking = zlib.decompressobj()
    found = unpacking.decompress(raw, most_bytes)
    if not unpacking.eof and len(found) < most_bytes:
        raise EOFError
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
