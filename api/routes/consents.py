"""Consents: an append-only ledger, in force from the next decision on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import Request

from api.messages.message import dump
from api.messages.people import ConsentAnswer, ConsentBody, ConsentsBody
from api.requests import consents
from api.requests.body import read_object
from api.requests.query import identifier, refuse_parameters
from api.web.keys import Right
from api.web.response import FRESH, Answer
from api.web.route import Body, Route
from recsys.data import times
from recsys.errors import ErasedUser
from recsys.storage.privacy import erasure
from recsys.storage.users.consents import Consent
from recsys.storage.users.profiles import Profiles

if TYPE_CHECKING:
    from api.service import Service

PATH = "/v1/users/{user_id:path}/consent"

EXAMPLES = {
    "one": {
        "purpose": "marketing",
        "channel": "email",
        "state": "granted",
        "basis": "consent",
        "source": "newsletter form",
        "text_version": "2026-01",
    },
    "many": {
        "consents": [
            {"purpose": "profiling", "state": "denied"},
            {"purpose": "marketing", "channel": "sms", "state": "denied"},
        ]
    },
}


async def put(service: Service, request: Request) -> Answer:
    """Record what a user granted or denied; what was said before stays in the ledger."""
    config = service.config
    user_id = identifier("user_id", request.path_params["user_id"])
    body = await read_object(request, most_bytes=config.serving.max_body_bytes)
    lines = consents.read(
        body,
        user_id,
        channels=tuple(config.channels.arms),
        zone=times.zone(config.data.timezone),
        now=service.clock(),
    )
    await asyncio.to_thread(_record, service.profiles, user_id, lines)
    return await _told(service, user_id)


async def get(service: Service, request: Request) -> Answer:
    """Tell what a user granted, and the whole ledger."""
    refuse_parameters(request)
    return await _told(service, identifier("user_id", request.path_params["user_id"]))


ROUTES = (
    Route(
        path=PATH,
        methods=("PUT",),
        handler=put,
        answer=ConsentAnswer,
        tag="users",
        right=Right.ADMIN,
        body=Body((ConsentBody, ConsentsBody), EXAMPLES),
        problems=(410, 413),
    ),
    Route(path=PATH, handler=get, answer=ConsentAnswer, tag="users", right=Right.READ),
)


def _record(profiles: Profiles, user_id: str, lines: list[Consent]) -> None:
    if erasure.receipt_of(profiles.database, user_id) is not None:
        raise ErasedUser(user_id)
    profiles.record_consents(lines)


async def _told(service: Service, user_id: str) -> Answer:
    ledger = await asyncio.to_thread(service.profiles.ledger_of, user_id)
    answer = ConsentAnswer.of(user_id, ledger, tuple(service.config.channels.arms))
    return Answer(dump(answer), FRESH)
