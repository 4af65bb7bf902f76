"""What all sources say of one person, and merges undone.

Merges are made by events: `identify` and `alias`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.messages.people import (
    ProfileAnswer,
    SaidConsent,
    SaidOutcome,
    SaidTrait,
    UnmergeAnswer,
)
from api.requests.query import NO_NAMES
from api.runtime.json import instant
from api.web.keys import Right, actor
from api.web.response import PRIVATE
from api.web.route import Call, Route, route
from recsys.storage.users import merges, statements
from recsys.storage.users.aliases import became
from recsys.storage.users.consents import Consent
from recsys.storage.users.statements import TRAIT, Statement

if TYPE_CHECKING:
    from api.service import Service


@route(
    "GET /v1/users/{user_id:path}/profile",
    ProfileAnswer,
    tag="users",
    right=Right.EXPORT,
    takes=NO_NAMES,
    runs="thread",
    cache=PRIVATE,
)
def profile(service: Service, call: Call) -> ProfileAnswer:
    """Tell what tools say of a user: traits, consents, outcomes, each with its source and time.

    Of a trait the newest word counts; where sources differ, what each says is told.
    """
    database = service.log.database
    owner = became(database, {call.id}).get(call.id, call.id)
    former = database.read(
        "SELECT previous_id FROM aliases WHERE user_id = ? AND user_id <> '' ORDER BY previous_id",
        (owner,),
    )
    said = statements.of(database, call.id)[::-1]
    return ProfileAnswer(
        user_id=owner or call.id,
        former_ids=[one for (one,) in former],
        traits=_traits(said),
        conflicts=statements.conflicts(said),
        consents=_last_words(service.consents.ledger_of(call.id)),
        outcomes=[
            SaidOutcome(one.kind, float(one.value), one.ref, one.source, instant(one.at))
            for one in said
            if one.kind != TRAIT
        ],
    )


@route(
    "POST /v1/users/{user_id:path}/unmerge",
    UnmergeAnswer,
    tag="users",
    right=Right.ADMIN,
    takes=NO_NAMES,
    runs="thread",
    may=(409, 410),
)
def unmerge(service: Service, call: Call) -> UnmergeAnswer:
    """Make an id that became another user a user of its own again.

    What was sent under the id is its own again; denials said meanwhile hold for both.
    """
    undone = merges.unmerge(service.log.database, call.id, at=service.clock(), by=actor(call.scope))
    return UnmergeAnswer.copy_of(undone)


ROUTES: tuple[Route, ...] = (profile, unmerge)


def _traits(newest_first: tuple[Statement, ...]) -> list[SaidTrait]:
    seen: set[str] = set()
    told = []
    for one in newest_first:
        if one.kind == TRAIT:
            counts = one.name not in seen
            told.append(SaidTrait(one.name, one.value, one.source, instant(one.at), counts))
            seen.add(one.name)
    return sorted(told, key=lambda trait: trait.name)


def _last_words(ledger: tuple[Consent, ...]) -> list[SaidConsent]:
    last = {(line.purpose, line.channel): line for line in ledger}
    return [
        SaidConsent(
            line.purpose, line.channel, line.state, line.basis, line.source, instant(line.at)
        )
        for line in last.values()
    ]
