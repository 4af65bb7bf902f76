"""What is held on a person: handed over, or erased for good."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from api.messages.message import with_instants
from api.messages.people import ErasureReceipt, HeldAnswer, HeldConsent, HeldEvent, InModel, line
from api.model.served import Current
from api.requests.query import NO_NAMES
from api.runtime.ids import uuid7
from api.runtime.json import instant
from api.web.keys import Right, actor
from api.web.response import PRIVATE
from api.web.route import Call, Route, route
from recsys.storage.access import audit
from recsys.storage.access.audit import Action, Entry
from recsys.storage.privacy import erasure, vault
from recsys.storage.privacy.personal_data import personal_data

if TYPE_CHECKING:
    from api.service import Service

about_data = partial(route, tag="users", right=Right.ADMIN, takes=NO_NAMES, runs="thread")


@about_data("GET /v1/users/{user_id:path}/export", HeldAnswer, cache=PRIVATE)
def export(service: Service, call: Call) -> HeldAnswer:
    """Hand over everything that is held on a user, as JSON."""
    entry = Entry(service.clock(), actor(call.scope), Action.EXPORTED, call.id)
    audit.record(service.log.database, entry)
    found = personal_data(
        service.log.database, call.id, vault=vault.of(service.config.storage.encryption_keys)
    )
    receipt = erasure.receipt_of(service.log.database, call.id)
    return HeldAnswer.copy_of(
        found,
        user_id=found.user_id or call.id,
        exported_at=instant(service.clock()),
        erased_at=receipt and instant(receipt.at),
        events=[HeldEvent(**with_instants(event, "at", "ingested_at")) for event in found.events],
        consents=[line(consent, HeldConsent) for consent in found.consents],
        decisions=[with_instants(decision, "at", "send_at") for decision in found.decisions],
        lists=[with_instants(shown, "at", "until") for shown in found.lists],
        exposures=[with_instants(seen, "at") for seen in found.exposures],
        experiments=[with_instants(part, "at") for part in found.experiments],
        statements=[with_instants(asdict(one), "at", "known_at") for one in found.statements],
        model=_in_model(service.current, found.user_id),
    )


@about_data("DELETE /v1/users/{user_id}", ErasureReceipt)
def erase(service: Service, call: Call) -> ErasureReceipt:
    """Erase a user for good, and give a receipt; again, the same receipt.

    Events, traits, consents, decisions, lists and further ids go. From the next request on,
    whichever worker or replica gets it, the id is answered as one never seen, whatever the serving
    model has learnt; the next training does not see the user. What arrives later under the id is
    rejected as `erased_user`: who comes back needs another id.
    """
    now = service.clock()
    receipt = erasure.erase(
        service.log.database, call.id, at=now, receipt_id=uuid7(now), by=actor(call.scope)
    )
    service.memory.catch_up(service.consents)
    return ErasureReceipt.copy_of(receipt, user_id=call.id, erased_at=instant(receipt.at))


ROUTES: tuple[Route, ...] = (export, erase)


def _in_model(current: Current, user_id: str) -> InModel | None:
    if current.version is None:
        return None
    interactions = current.serving.answering.bundle.interactions
    row = interactions.users.row(user_id)
    learnt = 0 if row is None else len(interactions.of_user(row).at)
    return InModel(current.version, row is not None, learnt)
