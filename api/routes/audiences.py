"""Audiences over HTTP: how many there would be, and their list as a stream."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from api.answers import audience as audiences
from api.answers import render
from api.answers.audience import COLUMNS, AudienceQuery, Looked
from api.model.served import Serving
from api.requests.body import read_object
from api.runtime.json import Json
from api.service import Service
from api.web.keys import Right
from api.web.openapi import AUDIENCE_BODY, KEYS, NOT_FOUND, PROBLEMS, TOO_LARGE, described
from api.web.response import PRIVATE, Answer
from api.web.schemas import AudiencePreview
from recsys.errors import BadQuery

FIELDS = ("rule", "segment", "channel")
MEDIA = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


class Audiences:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def preview(self, request: Request) -> Response:
        """Count who belongs to a segment or a rule, and which leaf of the rule decided."""
        serving = self._service.current.serving
        body = await self._body(request, FIELDS)
        wanted = self._wanted(body, serving)
        counted = await asyncio.to_thread(self._count, serving, wanted)
        answer = {"model_version": serving.answering.version, **counted}
        return Answer(render.dump(answer), headers=PRIVATE)

    async def export(self, request: Request) -> Response:
        """List who belongs and consented to marketing, as CSV or JSON lines, in a stream."""
        serving = self._service.current.serving
        body = await self._body(request, (*FIELDS, "format"))
        form = body.get("format", "csv")
        if form not in MEDIA:
            raise BadQuery("format", form, ", ".join(MEDIA))
        wanted = self._wanted(body, serving)
        known = serving.answering.bundle.interactions.users
        users = await asyncio.to_thread(self._service.people, known)
        chunks = self._looked_at(serving, wanted, users)
        # What is wrong with the store is told by the status, as long as there is one to tell.
        first = await asyncio.to_thread(_next, chunks, wanted)
        return StreamingResponse(_lines(first, chunks, wanted, form), media_type=MEDIA[form],
                                 headers=PRIVATE)  # fmt: skip

    async def _body(self, request: Request, known: tuple[str, ...]) -> Json:
        self._service.keys.check(request.scope, Right.READ)
        body = await read_object(request, most_bytes=self._service.config.serving.max_body_bytes)
        for name in body:
            if name not in known:
                raise BadQuery(name, body[name], f"the fields {', '.join(known)}")
        return body

    def _wanted(self, body: Json, serving: Serving) -> AudienceQuery:
        arms = self._service.config.channels.arms
        return audiences.read(body, serving.answering, self._service.desk.cohorts, arms)

    def _looked_at(self, serving: Serving, wanted: AudienceQuery, users: Any) -> Iterator[Looked]:
        service = self._service
        asked = service.reader.query(b"")
        at = service.clock()
        return audiences.looked_at(service.desk, serving, wanted, users, asked=asked, at=at)

    def _count(self, serving: Serving, wanted: AudienceQuery) -> Json:
        users = self._service.people(serving.answering.bundle.interactions.users)
        drawn = audiences.sample(users, seed=self._service.config.training.seed)
        return audiences.preview(self._looked_at(serving, wanted, drawn), wanted, of=len(users))


def register(app: FastAPI, service: Service) -> None:
    """Add the routes."""
    handlers = Audiences(service)
    for path, handler, response in (
        ("/v1/audiences:preview", handlers.preview, {"model": AudiencePreview}),
        ("/v1/audiences:export", handlers.export, {"content": {kind: {} for kind in MEDIA}}),
    ):
        app.add_api_route(
            path,
            handler,
            methods=["POST"],
            tags=["segments"],
            summary=described(handler),
            responses={200: response, **PROBLEMS, **NOT_FOUND, **TOO_LARGE, **KEYS},
            response_class=Response,
            openapi_extra={"requestBody": AUDIENCE_BODY},
        )


async def _lines(
    rows: list[Json] | None, chunks: Iterator[Looked], wanted: AudienceQuery, form: str
) -> AsyncIterator[bytes]:
    """Yield the file chunk by chunk, `rows` first; other requests are answered between."""
    if form == "csv":
        yield _csv([dict(zip(COLUMNS, COLUMNS, strict=True))])
    while rows is not None:
        if rows:
            yield _csv(rows) if form == "csv" else b"".join(render.dump(r) + b"\n" for r in rows)
        rows = await asyncio.to_thread(_next, chunks, wanted)


def _next(chunks: Iterator[Looked], wanted: AudienceQuery) -> list[Json] | None:
    looked = next(chunks, None)
    return None if looked is None else list(audiences.members(looked, wanted))


def _csv(rows: list[Json]) -> bytes:
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS).writerows(rows)
    return text.getvalue().encode()
