"""What is held on a person: handed over, or erased for good."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import Request

from api.messages.message import dump
from api.messages.people import ErasureReceipt, HeldAnswer, HeldConsent, HeldEvent, InModel
from api.requests.query import identifier, refuse_parameters
from api.runtime import json
from api.runtime.ids import uuid7
from api.runtime.json import Json
from api.web.keys import Right
from api.web.response import FRESH, PRIVATE, Answer
from api.web.route import Route
from recsys.storage.privacy import erasure
from recsys.storage.privacy.personal_data import Held, held

if TYPE_CHECKING:
    from api.service import Service

_TIMES = ("at", "ingested_at", "send_at")


async def export(service: Service, request: Request) -> Answer:
    """Hand over everything that is held on a user, as JSON."""
    refuse_parameters(request)
    user_id = identifier("user_id", request.path_params["user_id"])
    return Answer(await asyncio.to_thread(lambda: dump(_held(service, user_id))), PRIVATE)


async def erase(service: Service, request: Request) -> Answer:
    """Erase a user for good, and give a receipt; again, the same receipt.

    Events, traits, consents, decisions and further ids go. From the next request on, whichever
    worker or replica gets it, the id is answered as one never seen, whatever the serving model
    has learnt; the next training does not see the user. What arrives later under the id is
    rejected as `erased_user`: who comes back needs another id.
    """
    refuse_parameters(request)
    user_id = identifier("user_id", request.path_params["user_id"])
    return Answer(await asyncio.to_thread(lambda: dump(_erased(service, user_id))), FRESH)


ROUTES = (
    Route(
        path="/v1/users/{user_id:path}/export",
        handler=export,
        answer=HeldAnswer,
        tag="users",
        right=Right.ADMIN,
    ),
    Route(
        path="/v1/users/{user_id}",
        methods=("DELETE",),
        handler=erase,
        answer=ErasureReceipt,
        tag="users",
        right=Right.ADMIN,
    ),
)


def _held(service: Service, user_id: str) -> HeldAnswer:
    found = held(service.log.database, user_id)
    receipt = erasure.receipt_of(service.log.database, user_id)
    return HeldAnswer(
        user_id=found.user_id or user_id,
        exported_at=json.instant(service.clock()),
        erased_at=json.instant(receipt.at) if receipt else None,
        former_ids=list(found.former_ids),
        traits=dict(found.traits),
        timezone=found.timezone,
        events=[HeldEvent(**_with_instants(event)) for event in found.events],
        consents=[HeldConsent.of(line, user_id=line.user_id) for line in found.consents],
        decisions=[_with_instants(decision) for decision in found.decisions],
        model=_in_model(service, found),
    )


def _in_model(service: Service, found: Held) -> InModel | None:
    current = service.current
    if current.version is None:
        return None
    interactions = current.serving.answering.bundle.interactions
    row = interactions.users.row(found.user_id)
    learnt = 0 if row is None else len(interactions.of_user(row).at)
    return InModel(current.version, row is not None, learnt)


def _erased(service: Service, user_id: str) -> ErasureReceipt:
    now = service.clock()
    receipt = erasure.erase(service.log.database, user_id, at=now, receipt_id=uuid7(now))
    service.recall.catch_up(service.profiles)
    at = json.instant(receipt.at)
    return ErasureReceipt(receipt.receipt_id, user_id, at, dict(receipt.removed))


def _with_instants(record: Mapping[str, Any]) -> Json:
    """Return a record with its times in ISO 8601."""
    return {
        name: json.instant(value) if name in _TIMES and value is not None else value
        for name, value in record.items()
    }
