"""Audiences over HTTP: how many there would be, and their list as a stream."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.responses import StreamingResponse

from api.answers import audience as audiences
from api.answers.audience import COLUMNS, AudienceQuery, Looked
from api.messages.message import dump
from api.messages.segments import AudienceBody, AudiencePreview, ExportBody
from api.model.served import Serving
from api.requests.body import message, read_object
from api.requests.identities import not_erased
from api.runtime.json import Json
from api.web.keys import Right
from api.web.response import PRIVATE, Answer
from api.web.route import Body, Route

if TYPE_CHECKING:
    from api.service import Service

MEDIA = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}

EXAMPLES = {
    "a segment": {"segment": "rfm:at_risk", "channel": "email"},
    "a rule": {
        "rule": {
            "all": [
                {"event": "purchase", "count": {"gte": 3}, "within_days": 365},
                {"score": "churn", "op": "gte", "value": 0.5},
                {"not": {"trait": "country", "op": "eq", "value": "Germany"}},
            ]
        }
    },
}


async def preview(service: Service, request: Request) -> Answer:
    """Count who belongs to a segment or a rule, and which leaf of the rule decided."""
    serving = service.current.serving
    body = message(await _fields(service, request), AudienceBody)
    wanted = _wanted(service, body, serving)
    return Answer(await asyncio.to_thread(_counted, service, serving, wanted), PRIVATE)


async def export(service: Service, request: Request) -> StreamingResponse:
    """List who belongs and consented to marketing, as CSV or JSON lines, in a stream."""
    serving = service.current.serving
    body = message(await _fields(service, request), ExportBody)
    wanted = _wanted(service, body, serving)
    known = serving.answering.bundle.interactions.users
    users = await asyncio.to_thread(not_erased, service.log.database, known)
    at = service.clock()
    chunks = audiences.looked_at(service.answers, serving, wanted.rule, users, at=at)
    # What is wrong with the store is told by the status, as long as there is one to tell.
    first = await asyncio.to_thread(_next, chunks, wanted)
    lines = _lines(first, chunks, wanted, body.format)
    headers = {"Cache-Control": PRIVATE.decode()}
    return StreamingResponse(lines, media_type=MEDIA[body.format], headers=headers)


ROUTES = (
    Route(
        path="/v1/audiences:preview",
        methods=("POST",),
        handler=preview,
        answer=AudiencePreview,
        tag="segments",
        right=Right.READ,
        body=Body(AudienceBody, EXAMPLES),
        problems=(404, 413),
    ),
    Route(
        path="/v1/audiences:export",
        methods=("POST",),
        handler=export,
        answer={kind: {"type": "string"} for kind in MEDIA.values()},
        tag="segments",
        right=Right.READ,
        body=Body(ExportBody, EXAMPLES),
        problems=(404, 413),
    ),
)


async def _fields(service: Service, request: Request) -> Json:
    return await read_object(request, most_bytes=service.config.serving.max_body_bytes)


def _wanted(service: Service, body: AudienceBody, serving: Serving) -> AudienceQuery:
    arms = service.config.channels.arms
    return audiences.read(body, serving.answering, service.answers.cohorts, arms)


def _counted(service: Service, serving: Serving, wanted: AudienceQuery) -> bytes:
    answering = serving.answering
    users = not_erased(service.log.database, answering.bundle.interactions.users)
    drawn = audiences.sample(users, seed=service.config.training.seed)
    at = service.clock()
    looked = audiences.looked_at(service.answers, serving, wanted.rule, drawn, at=at)
    return dump(audiences.preview(looked, wanted, of=len(users), version=answering.version))


async def _lines(
    rows: list[Json] | None, chunks: Iterator[Looked], wanted: AudienceQuery, form: str
) -> AsyncIterator[bytes]:
    """Yield the file chunk by chunk, `rows` first; other requests are answered between."""
    if form == "csv":
        yield _csv([dict(zip(COLUMNS, COLUMNS, strict=True))])
    while rows is not None:
        if rows:
            yield _csv(rows) if form == "csv" else b"".join(dump(r) + b"\n" for r in rows)
        rows = await asyncio.to_thread(_next, chunks, wanted)


def _next(chunks: Iterator[Looked], wanted: AudienceQuery) -> list[Json] | None:
    looked = next(chunks, None)
    return None if looked is None else list(audiences.members(looked, wanted))


def _csv(rows: list[Json]) -> bytes:
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS).writerows(rows)
    return text.getvalue().encode()
