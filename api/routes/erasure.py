"""What is held on a person: handed over, or erased for good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request, Response

from api.answers import render
from api.requests.query import identifier, refuse_parameters
from api.runtime import json
from api.runtime.ids import uuid7
from api.runtime.json import Json
from api.service import Service
from api.web.keys import Right
from api.web.openapi import KEYS, PROBLEMS, USER_ID, described
from api.web.response import FRESH, PRIVATE, Answer
from api.web.schemas import ErasureReceipt, HeldAnswer
from recsys.storage.privacy import erasure
from recsys.storage.privacy.personal_data import PersonalData, personal_data

_TIMES = ("at", "ingested_at", "send_at")


class Personal:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def export(self, request: Request) -> Response:
        """Hand over everything that is held on a user, as JSON."""
        self._service.keys.check(request.scope, Right.ADMIN)
        refuse_parameters(request)
        user_id = identifier("user_id", request.path_params["user_id"])
        return Answer(await asyncio.to_thread(self._held, user_id), headers=PRIVATE)

    async def erase(self, request: Request) -> Response:
        """Erase a user for good, and give a receipt; again, the same receipt.

        Events, traits, consents, decisions and further ids go. From the next request on, whichever
        worker or replica gets it, the id is answered as one never seen, whatever the serving model
        has learnt; the next training does not see the user. What arrives later under the id is
        rejected as `erased_user`: who comes back needs another id.
        """
        self._service.keys.check(request.scope, Right.ADMIN)
        refuse_parameters(request)
        user_id = identifier("user_id", request.path_params["user_id"])
        return Answer(await asyncio.to_thread(self._erased, user_id), headers=FRESH)

    def _held(self, user_id: str) -> bytes:
        service = self._service
        found = personal_data(service.log.database, user_id)
        receipt = erasure.receipt_of(service.log.database, user_id)
        answer = {
            **_told(found),
            "user_id": found.user_id or user_id,
            "exported_at": json.instant(service.clock()),
            "erased_at": receipt and json.instant(receipt.at),
            "model": self._in_model(found),
        }
        return render.dump(answer)

    def _in_model(self, found: PersonalData) -> Json | None:
        current = self._service.current
        if current.version is None:
            return None
        interactions = current.serving.answering.bundle.interactions
        row = interactions.users.row(found.user_id)
        learnt = 0 if row is None else len(interactions.of_user(row).at)
        return {"version": current.version, "known": row is not None, "events": learnt}

    def _erased(self, user_id: str) -> bytes:
        service, now = self._service, self._service.clock()
        database = service.log.database
        receipt = erasure.erase(database, user_id, at=now, receipt_id=uuid7(now))
        service.recollect()
        answer = {
            "receipt_id": receipt.receipt_id,
            "user_id": user_id,
            "erased_at": json.instant(receipt.at),
            "removed": dict(receipt.removed),
        }
        return render.dump(answer)


def register(app: FastAPI, service: Service) -> None:
    """Add the routes, ahead of the one that any path about a user matches."""
    handlers = Personal(service)
    for path, method, handler, model in (
        ("/v1/users/{user_id:path}/export", "GET", handlers.export, HeldAnswer),
        ("/v1/users/{user_id}", "DELETE", handlers.erase, ErasureReceipt),
    ):
        app.add_api_route(
            path,
            handler,
            methods=[method],
            tags=["users"],
            summary=described(handler),
            responses={200: {"model": model}, **PROBLEMS, **KEYS},
            response_class=Answer,
            openapi_extra={"parameters": [USER_ID]},
        )


def _told(found: PersonalData) -> Json:
    told = asdict(found)
    for name in ("events", "consents", "decisions"):
        told[name] = _with_instants(told[name])
    return told


def _with_instants(records: Iterable[Mapping[str, Any]]) -> list[Json]:
    """Return records with their times in ISO 8601."""
    return [
        {
            name: json.instant(value) if name in _TIMES and value is not None else value
            for name, value in record.items()
        }
        for record in records
    ]
