"""Answers that are about nobody: similar items, segments, the model itself."""

from __future__ import annotations

import numpy as np
from fastapi import FastAPI, Request, Response

from api import render
from api.asked import identifier
from api.describe import (
    EXCLUDE,
    ITEM_ID,
    ITEM_QUERY,
    LIMIT,
    NOT_FOUND,
    PROBLEMS,
    SEGMENT,
    described,
)
from api.render import Json
from api.routes.answer import FRESH, SHARED, Answer
from api.schemas import ModelAnswer, SegmentAnswer, SegmentsAnswer, SimilarAnswer
from api.service import Service


class Browse:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def similar(self, request: Request) -> Response:
        """Find what the users of an item also take."""
        service, serving = self._service, self._service.current.serving
        answering = serving.answering
        asked = service.reader.query(request.scope["query_string"])
        item_id = identifier("item_id", request.path_params["item_id"])
        found = answering.bundle.items.similar(
            answering.item_row(item_id), asked.limit, allowed=answering.allowed(asked.excluded)
        )
        answer = {
            "item_id": item_id,
            "model_version": answering.version,
            "generated_at": render.instant(service.clock()),
            "items": render.ranking(found, serving),
            "next_cursor": None,
        }
        return Answer(render.dump(answer), headers=SHARED)

    async def segments(self) -> Response:
        """List all segments, and how many users are in each."""
        answering = self._service.current.serving.answering
        table = answering.bundle.segments
        own = np.concatenate([table.user_segment, table.user_trait])
        sizes = np.bincount(own[own >= 0], minlength=len(table.names)).tolist()
        answer = {
            "model_version": answering.version,
            "items": [
                {"name": name, "users": users}
                for name, users in zip(table.names, sizes, strict=True)
            ],
            "next_cursor": None,
        }
        return Answer(render.dump(answer), headers=SHARED)

    async def segment(self, request: Request) -> Response:
        """Rank items for anybody in a segment."""
        service, serving = self._service, self._service.current.serving
        asked = service.reader.query(request.scope["query_string"])
        row = serving.answering.segment_row(identifier("name", request.path_params["name"]))
        answer = service.desk.segment(serving, row, asked, at=service.clock())
        return Answer(render.dump(answer), headers=SHARED)

    async def model(self) -> Response:
        """Tell which model version serves, where it came from, and which rungs are shipped."""
        service, answering = self._service, self._service.current.serving.answering
        manifest = answering.manifest
        answer: Json = {
            "version": answering.version,
            "data_until": render.instant(manifest.data_until),
            "age_seconds": service.model_age_seconds(),
            "fingerprint": manifest.fingerprint,
            "counts": dict(manifest.counts),
            "simulated": list(manifest.simulated),
            "rungs": {
                str(question): {str(name): verdict.shipped for name, verdict in verdicts.items()}
                for question, verdicts in manifest.verdicts.items()
            },
            "refused": service.current.refused or None,
        }
        return Answer(render.dump(answer), headers=FRESH)


def register(app: FastAPI, service: Service) -> None:
    """Add the routes."""
    browse = Browse(service)
    for path, handler, model, parameters, tag in (
        (
            "/v1/items/{item_id:path}/similar",
            browse.similar,
            SimilarAnswer,
            [ITEM_ID, LIMIT, EXCLUDE],
            "items",
        ),
        ("/v1/segments", browse.segments, SegmentsAnswer, [], "segments"),
        (
            "/v1/segments/{name:path}/recommendations",
            browse.segment,
            SegmentAnswer,
            [SEGMENT, *ITEM_QUERY],
            "segments",
        ),
        ("/v1/models/current", browse.model, ModelAnswer, [], "models"),
    ):
        app.add_api_route(
            path,
            handler,
            summary=described(handler),
            tags=[tag],
            responses={200: {"model": model}, **PROBLEMS, **(NOT_FOUND if "{" in path else {})},
            response_class=Answer,
            openapi_extra={"parameters": parameters},
        )
