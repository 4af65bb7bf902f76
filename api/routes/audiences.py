"""Audiences over HTTP: how many there would be, and their list as a stream."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from starlette.responses import StreamingResponse

from api.answers import audience as audiences
from api.answers import likely as likelies
from api.answers.audience import COLUMNS, AudienceQuery, Looked, Tally
from api.answers.csv_cells import safe
from api.messages import schema
from api.messages.groups import (
    AudienceBody,
    AudienceExportBody,
    AudiencePreview,
    LikelyAnswer,
    LikelyBody,
)
from api.messages.message import dump
from api.model.served import Serving
from api.web.keys import Right, actor
from api.web.response import PRIVATE
from api.web.route import Body, Call, Route, route
from recsys.storage.access import audit
from recsys.storage.access.audit import Action, Entry

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


@route(
    "POST /v1/audiences:preview",
    AudiencePreview,
    tag="segments",
    right=Right.READ,
    cache=PRIVATE,
    body=Body((AudienceBody,), EXAMPLES),
    may=(404,),
)
async def preview(service: Service, call: Call) -> AudiencePreview:
    """Count who belongs to a segment or a rule, and which leaf of the rule decided."""
    serving = service.current.serving
    body = schema.read(await call.body(service.config.serving), AudienceBody)
    wanted = _wanted(service, serving, body)
    users = await asyncio.to_thread(_users, service, serving)
    drawn = audiences.sample(users, seed=service.config.training.seed)
    chunks, tally = _looked_at(service, serving, wanted, drawn), Tally()
    while looked := await asyncio.to_thread(next, chunks, None):
        tally.add(looked, wanted)
        await call.still_wanted()
    return audiences.preview(tally, wanted, of=len(users), version=serving.answering.version)


@route(
    "POST /v1/audiences:export",
    {media: {"type": "string"} for media in MEDIA.values()},
    tag="segments",
    right=Right.EXPORT,
    body=Body((AudienceExportBody,), EXAMPLES),
    may=(404,),
)
async def export(service: Service, call: Call) -> StreamingResponse:
    """List who belongs and consented to marketing, as CSV or JSON lines, in a stream."""
    serving = service.current.serving
    body = schema.read(await call.body(service.config.serving), AudienceExportBody)
    wanted = _wanted(service, serving, body)
    users = await asyncio.to_thread(_users, service, serving)
    chunks = _looked_at(service, serving, wanted, users)
    entry = Entry(
        service.clock(), actor(call.scope), Action.EXPORTED, str(body.segment or "a rule")
    )
    await asyncio.to_thread(audit.record, service.log.database, entry)
    # What is wrong with the store is told by the status, as long as there is one to tell.
    first = await asyncio.to_thread(_next, chunks, wanted)
    lines = _lines(first, chunks, wanted, body.format)
    headers = {"Cache-Control": PRIVATE}
    return StreamingResponse(lines, media_type=MEDIA[body.format], headers=headers)


@route(
    "POST /v1/audiences:likely",
    LikelyAnswer,
    tag="segments",
    right=Right.EXPORT,
    cache=PRIVATE,
    body=Body(
        (LikelyBody,),
        {
            "who wants an item": {"items": ["22423"], "users": 500, "channel": "email"},
            "who is like a segment": {"like_segment": "rfm:champions", "users": 500},
        },
    ),
    may=(404,),
)
async def likely(service: Service, call: Call) -> LikelyAnswer:
    """Name so many users who most likely want an item or a category, or are like some others.

    Only of those who allow profiling and granted marketing; whom they are like is not among them.
    """
    body = schema.read(await call.body(service.config.serving), LikelyBody)
    answer = await asyncio.to_thread(likelies.likely, service, service.current.serving, body)
    told = f"{len(answer.users)} likely users"
    entry = Entry(service.clock(), actor(call.scope), Action.EXPORTED, told)
    await asyncio.to_thread(audit.record, service.log.database, entry)
    return answer


ROUTES: tuple[Route, ...] = (preview, export, likely)


def _wanted(service: Service, serving: Serving, body: AudienceBody) -> AudienceQuery:
    arms = service.config.channels.arms
    return audiences.read(body, serving.answering, service.desk.cohorts, arms)


def _users(service: Service, serving: Serving) -> Any:
    return service.identities.people(serving.answering.bundle.interactions.users)


def _looked_at(
    service: Service, serving: Serving, wanted: AudienceQuery, users: Any
) -> Iterator[Looked]:
    query, at = service.reader.query(b""), service.clock()
    return audiences.looked_at(service.desk, serving, wanted, users, query=query, at=at)


async def _lines(
    rows: list[Any] | None, chunks: Iterator[Looked], wanted: AudienceQuery, form: str
) -> AsyncIterator[bytes]:
    """Yield the file chunk by chunk, `rows` first; other requests are answered between."""
    if form == "csv":
        yield _csv([dict(zip(COLUMNS, COLUMNS, strict=True))])
    while rows is not None:
        if rows:
            yield _csv(rows) if form == "csv" else b"".join(dump(row) + b"\n" for row in rows)
        rows = await asyncio.to_thread(_next, chunks, wanted)


def _next(chunks: Iterator[Looked], wanted: AudienceQuery) -> list[Any] | None:
    looked = next(chunks, None)
    return None if looked is None else list(audiences.members(looked, wanted))


def _csv(rows: list[Any]) -> bytes:
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS).writerows(map(safe, rows))
    return text.getvalue().encode()
