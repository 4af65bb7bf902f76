"""Consents: an append-only ledger, in force from the next decision on."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from api.messages.people import ConsentAnswer, ConsentBody, ConsentsBody
from api.requests import consents
from api.requests.query import NO_NAMES
from api.runtime.json import Json
from api.web.keys import Right, actor
from api.web.route import Body, Call, Route, route
from recsys.data import times
from recsys.errors import ErasedUser
from recsys.storage.privacy import erasure

if TYPE_CHECKING:
    from api.service import Service

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
_PATH = "/v1/users/{user_id:path}/consent"

about_consent = partial(route, tag="users", runs="thread")


@about_consent(
    f"PUT {_PATH}",
    ConsentAnswer,
    right=Right.ADMIN,
    body=Body((ConsentBody, ConsentsBody), EXAMPLES),
    may=(410,),
)
async def put(service: Service, call: Call) -> ConsentAnswer:
    """Record what a user granted or denied; what was said before stays in the ledger."""
    body = await call.body(service.config.serving)
    return await asyncio.to_thread(_recorded, service, call, body)


@about_consent(f"GET {_PATH}", ConsentAnswer, right=Right.READ, takes=NO_NAMES)
def get(service: Service, call: Call) -> ConsentAnswer:
    """Tell what a user granted, and the whole ledger."""
    ledger = service.consents.ledger_of(call.id)
    return consents.told(call.id, ledger, channels=tuple(service.config.channels.arms))


ROUTES: tuple[Route, ...] = (put, get)


def _recorded(service: Service, call: Call, body: Json) -> ConsentAnswer:
    config, user_id, now = service.config, call.id, service.clock()
    channels, most = tuple(config.channels.arms), config.serving.max_batch
    zone = times.zone(config.data.timezone)
    lines = consents.read(body, user_id, channels=channels, zone=zone, now=now, most=most)
    if erasure.receipt_of(service.log.database, user_id) is not None:
        raise ErasedUser(user_id)
    service.consents.record(lines, by=actor(call.scope), now=now)
    return consents.told(user_id, service.consents.ledger_of(user_id), channels=channels)
