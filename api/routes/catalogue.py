"""Answers that are about nobody: similar items, the model itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Request

from api.messages.items import SimilarAnswer, similar_items
from api.messages.message import dump
from api.messages.operations import ModelAnswer
from api.requests.query import SIMILAR, identifier, refuse_parameters
from api.runtime import json
from api.web.response import FRESH, SHARED, Answer
from api.web.route import Route

if TYPE_CHECKING:
    from api.service import Service


async def similar(service: Service, request: Request) -> Answer:
    """Find what the users of an item also take."""
    serving = service.current.serving
    answering = serving.answering
    query = service.queries.query(request.scope["query_string"], SIMILAR)
    item_id = identifier("item_id", request.path_params["item_id"])
    found = answering.bundle.items.similar(
        answering.item_row(item_id), query.limit, allowed=answering.allowed(query.exclude)
    )
    answer = SimilarAnswer(
        item_id,
        answering.version,
        json.instant(service.clock()),
        similar_items(found, serving),
    )
    return Answer(dump(answer), SHARED)


async def model(service: Service, request: Request) -> Answer:
    """Tell which model version serves, where it came from, and which rungs are shipped."""
    refuse_parameters(request)
    answering = service.current.serving.answering
    manifest = answering.manifest
    answer = ModelAnswer(
        version=answering.version,
        data_until=json.instant(manifest.data_until),
        age_seconds=service.model_age_seconds(),
        fingerprint=manifest.fingerprint,
        counts=dict(manifest.counts),
        simulated=list(manifest.simulated),
        rungs={
            str(question): {str(name): verdict.shipped for name, verdict in verdicts.items()}
            for question, verdicts in manifest.verdicts.items()
        },
        refused=service.current.refused or None,
    )
    return Answer(dump(answer), FRESH)


ROUTES = (
    Route(
        path="/v1/items/{item_id:path}/similar",
        handler=similar,
        answer=SimilarAnswer,
        tag="items",
        takes=SIMILAR,
        problems=(404,),
    ),
    Route(path="/v1/models/current", handler=model, answer=ModelAnswer, tag="models"),
)
