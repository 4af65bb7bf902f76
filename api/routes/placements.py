"""Placements: what they are, what they show, and what came of it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from api.messages.message import dump
from api.messages.placements import (
    Credit,
    PlacementItems,
    PlacementsAnswer,
    Result,
    ResultsAnswer,
    SavedPlacement,
)
from api.requests.query import DAYS, NO_NAMES, PLACEMENT
from api.runtime import json
from api.web.keys import Right, is_public, proof_in
from api.web.response import PRIVATE, cached
from api.web.route import Body, Call, Route, leads, route
from recsys.data.times import DAY, HOUR
from recsys.placements.placement import read
from recsys.placements.versions import PlacementVersion, checked_name
from recsys.storage.decisions import results as came
from recsys.storage.decisions.results import MAIL_WINDOW, WEB_WINDOW

if TYPE_CHECKING:
    from api.service import Service

NO_LIFT = (
    "a credit says what was bought after a click, not because of it: only users who are held out "
    "would show that"
)
UNPROVED = "user_hash is missing or wrong: this is the list of anybody"
_ONE = "/v1/placements/{placement_id}"
_EXAMPLE = {
    "source": "personal",
    "limit": 8,
    "filter": {"field": "price", "op": "lt", "value": 50},
    "boosts": [{"filter": {"field": "category", "op": "eq", "value": "tea"}, "factor": 1.5}],
    "caps": {"category": 2},
}

about_placements = partial(route, tag="placements", right=Right.READ)


@about_placements(
    "GET /v1/placements",
    PlacementsAnswer,
    takes=NO_NAMES,
    links={
        "what it shows": leads(
            f"GET {_ONE}/items", placement_id="$response.body#/placements/0/placement"
        )
    },
)
def placements(service: Service, _: Call) -> PlacementsAnswer:
    """List all placements: of each the version in force, else the latest."""
    known, at = service.placing.current.placements, service.clock()
    found = [known.in_force(name, at=at) or known.versions(name)[0] for name in known.names]
    return PlacementsAnswer([_saved(one, service) for one in found])


@about_placements(f"GET {_ONE}", SavedPlacement, takes=NO_NAMES, may=(404,))
def placement(service: Service, call: Call) -> SavedPlacement:
    """Tell what a placement is: the version in force, else the latest."""
    known = service.placing.current.placements
    found = known.in_force(call.id, at=service.clock()) or known.versions(call.id)[0]
    return _saved(found, service)


@about_placements(
    f"PUT {_ONE}",
    SavedPlacement,
    right=Right.ADMIN,
    takes=NO_NAMES,
    body=Body({"type": "object"}, {"home": _EXAMPLE}),
)
async def put(service: Service, call: Call) -> SavedPlacement:
    """Save a placement as its next version; the same again is no new version.

    Refused where it asks for a field or an item that the catalogue does not have. It is served at
    once here, and by other workers when they look, within `serving.poll_seconds`.
    """
    name, at = checked_name(call.id), service.clock()
    wanted = read(await call.body(service.config.serving))
    save = partial(service.placing.current.put, name, wanted, service.current.serving, at=at)
    return _saved(await asyncio.to_thread(save), service)


@about_placements(
    f"GET {_ONE}/items",
    PlacementItems,
    takes=PLACEMENT,
    may=(404, 410),
    browser=True,
    links={
        "next page": leads(
            f"GET {_ONE}/items",
            placement_id="$response.body#/placement",
            cursor="$response.body#/next_cursor",
        ),
        "more like the first": leads(
            "GET /v1/items/{item_id}/similar", item_id="$response.body#/items/0/item_id"
        ),
    },
)
async def items(service: Service, call: Call) -> Response:
    """Show a placement to a user; without a `user_id` to anybody: that may be cached, by its ETag.

    With `paged=true` the list is frozen and has pages that never repeat; the next one is asked for
    by `next_cursor` within 30 minutes.
    """
    placing, at, serving = service.placing, service.clock(), service.current.serving
    query = msgspec.structs.replace(call.query, placement=call.id)
    unproved = bool(query.user_id) and await service.reading(partial(_is_unproved, service, call))
    if unproved:
        query = msgspec.structs.replace(query, user_id="")
    if query.cursor:
        turn = partial(placing.pages.next, serving, call.id, query, at=at)
        return _private(await service.reading(turn))
    if query.paged:
        freeze = partial(placing.pages.first, serving, call.id, query, at=at)
        return _private(await asyncio.to_thread(freeze))
    answer = await service.reading(partial(placing.desk.shown, serving, call.id, query, at=at))
    placing.note(answer, at=at)
    if unproved:
        return _private(msgspec.structs.replace(answer, notes=[*answer.notes, UNPROVED]))
    if query.user_id:
        return _private(answer)
    return cached(
        dump(answer), call.scope, media_type="application/json", by_language=not query.lang
    )


@about_placements(f"GET {_ONE}/results", ResultsAnswer, takes=DAYS, may=(404,))
async def results(service: Service, call: Call) -> ResultsAnswer:
    """Tell what came of a placement's lists of the last days: seen, clicked, bought.

    A purchase is credited to the last click before it: within a day on a page, within a week in a
    mailing. What is returned is taken back.
    """
    service.placing.current.placements.versions(call.id)
    until = service.clock() + 1
    since = until - call.query.days * DAY
    found = await asyncio.to_thread(
        came.results,
        service.log.database,
        call.id,
        bought=service.config.relevant_kind,
        since=since,
        until=until,
    )
    return ResultsAnswer(
        placement=call.id,
        since=json.instant(since),
        until=json.instant(until),
        web_window_hours=WEB_WINDOW / HOUR,
        mail_window_hours=MAIL_WINDOW / HOUR,
        note=NO_LIFT,
        results=[
            Result.copy_of(
                figures,
                rung=rung or None,
                version=version,
                same_item=Credit.copy_of(figures.same_item),
                any_item=Credit.copy_of(figures.any_item),
            )
            for (rung, version), figures in sorted(found.items())
        ],
    )


ROUTES: tuple[Route, ...] = (items, results, placements, placement, put)


def _is_unproved(service: Service, call: Call) -> bool:
    """Return whether a page asks for a known user, without the proof that it may."""
    if not is_public(call.scope):
        return False
    return not service.identities.may_speak(call.query.user_id, proof_in(call.scope))


def _saved(saved: PlacementVersion, service: Service) -> SavedPlacement:
    in_force = service.placing.current.placements.in_force(saved.placement_id, at=service.clock())
    return SavedPlacement(
        placement=saved.placement_id,
        version=saved.version,
        saved_at=json.instant(saved.at),
        in_force=saved == in_force,
        rules=saved.placement.said(),
    )


def _private(answer: PlacementItems) -> Response:
    headers = {"cache-control": PRIVATE}
    return Response(dump(answer), media_type="application/json", headers=headers)
