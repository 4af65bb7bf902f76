"""ConsentRoutes: an append-only ledger, in force from the next decision on."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI, Request, Response

from api.answers import render
from api.requests import consents
from api.requests.body import read_object
from api.requests.query import identifier, refuse_parameters
from api.service import Service
from api.web.keys import Right
from api.web.openapi import CONSENT_BODY, ERASED, KEYS, PROBLEMS, TOO_LARGE, USER_ID, described
from api.web.response import FRESH, Answer
from api.web.schemas import ConsentAnswer
from recsys.data import times
from recsys.errors import ErasedUser
from recsys.storage.privacy import erasure
from recsys.storage.users.consents import Consent


class ConsentRoutes:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._channels = tuple(service.config.channels.arms)
        self._zone = times.zone(service.config.data.timezone)

    async def put(self, request: Request) -> Response:
        """Record what a user granted or denied; what was said before stays in the ledger."""
        service = self._service
        service.keys.check(request.scope, Right.ADMIN)
        user_id = identifier("user_id", request.path_params["user_id"])
        body = await read_object(request, most_bytes=service.config.serving.max_body_bytes)
        lines = consents.read(
            body, user_id, channels=self._channels, zone=self._zone, now=service.clock()
        )
        await asyncio.to_thread(self._record, user_id, lines)
        return await self._told(user_id)

    async def get(self, request: Request) -> Response:
        """Tell what a user granted, and the whole ledger."""
        self._service.keys.check(request.scope, Right.READ)
        refuse_parameters(request)
        return await self._told(identifier("user_id", request.path_params["user_id"]))

    def _record(self, user_id: str, lines: list[Consent]) -> None:
        ledger = self._service.consents
        if erasure.receipt_of(ledger.database, user_id) is not None:
            raise ErasedUser(user_id)
        ledger.record(lines)

    async def _told(self, user_id: str) -> Response:
        ledger = await asyncio.to_thread(self._service.consents.ledger_of, user_id)
        answer = consents.told(user_id, ledger, channels=self._channels)
        return Answer(render.dump(answer), headers=FRESH)


def register(app: FastAPI, service: Service) -> None:
    """Add the routes, ahead of the one that any path about a user matches."""
    handlers = ConsentRoutes(service)
    for method, handler in (("PUT", handlers.put), ("GET", handlers.get)):
        body = {"requestBody": CONSENT_BODY} if method == "PUT" else {}
        gone = ERASED if method == "PUT" else {}
        app.add_api_route(
            "/v1/users/{user_id:path}/consent",
            handler,
            methods=[method],
            tags=["users"],
            summary=described(handler),
            responses={200: {"model": ConsentAnswer}, **PROBLEMS, **TOO_LARGE, **KEYS, **gone},
            response_class=Answer,
            openapi_extra={"parameters": [USER_ID], **body},
        )
