"""Merges of users, undone. They are made by events: `identify` and `alias`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.messages.people import UnmergeAnswer
from api.requests.query import NO_NAMES
from api.web.keys import Right, actor
from api.web.route import Call, Route, route
from recsys.storage.users import merges

if TYPE_CHECKING:
    from api.service import Service


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


ROUTES: tuple[Route, ...] = (unmerge,)
