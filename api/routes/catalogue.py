"""Answers that are about nobody: similar items, the model itself."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from api.answers import render
from api.requests.query import identifier, refuse_parameters
from api.runtime import json
from api.runtime.json import Json
from api.service import Service
from api.web.openapi import EXCLUDE, ITEM_ID, LIMIT, NOT_FOUND, PROBLEMS, described, names
from api.web.response import FRESH, SHARED, Answer
from api.web.schemas import ModelAnswer, SimilarAnswer

SIMILAR_QUERY = [LIMIT, EXCLUDE]
_KNOWN = names(SIMILAR_QUERY)


class Browse:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def similar(self, request: Request) -> Response:
        """Find what the users of an item also take."""
        service, serving = self._service, self._service.current.serving
        answering = serving.answering
        asked = service.reader.query(request.scope["query_string"], _KNOWN)
        item_id = identifier("item_id", request.path_params["item_id"])
        found = answering.bundle.items.similar(
            answering.item_row(item_id), asked.limit, allowed=answering.allowed(asked.excluded)
        )
        answer = {
            "item_id": item_id,
            "model_version": answering.version,
            "generated_at": json.instant(service.clock()),
            "items": render.ranking(found, serving),
            "next_cursor": None,
        }
        return Answer(render.dump(answer), headers=SHARED)

    async def model(self, request: Request) -> Response:
        """Tell which model version serves, where it came from, and which rungs are shipped."""
        refuse_parameters(request)
        service, answering = self._service, self._service.current.serving.answering
        manifest = answering.manifest
        answer: Json = {
            "version": answering.version,
            "data_until": json.instant(manifest.data_until),
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
            [ITEM_ID, *SIMILAR_QUERY],
            "items",
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
