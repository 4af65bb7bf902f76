"""Merges of users, undone. They are made by events: `identify` and `alias`."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request, Response

from api.answers import render
from api.requests.query import identifier, refuse_parameters
from api.service import Service
from api.web.keys import Right
from api.web.openapi import ERASED, KEYS, PROBLEMS, USER_ID, described
from api.web.response import FRESH, Answer
from api.web.schemas import Problem, UnmergeAnswer
from recsys.storage.users import merges

NOT_MERGED: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "the id is a user of its own"}
}


class Merges:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def unmerge(self, request: Request) -> Response:
        """Make an id that became another user a user of its own again.

        What was sent under the id is its own again; denials said meanwhile hold for both.
        """
        service = self._service
        service.keys.check(request.scope, Right.ADMIN)
        refuse_parameters(request)
        user_id = identifier("user_id", request.path_params["user_id"])
        undone = await asyncio.to_thread(
            merges.unmerge, service.log.database, user_id, at=service.clock()
        )
        return Answer(render.dump(asdict(undone)), headers=FRESH)


def register(app: FastAPI, service: Service) -> None:
    """Add the route."""
    handler = Merges(service).unmerge
    app.add_api_route(
        "/v1/users/{user_id:path}/unmerge",
        handler,
        methods=["POST"],
        tags=["users"],
        summary=described(handler),
        responses={200: {"model": UnmergeAnswer}, **PROBLEMS, **KEYS, **ERASED, **NOT_MERGED},
        response_class=Answer,
        openapi_extra={"parameters": [USER_ID]},
    )
