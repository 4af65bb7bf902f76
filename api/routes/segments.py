"""The groups users are in: what each is like, and which items are for it."""

from __future__ import annotations

from fastapi import FastAPI, HTTPException, Request, Response

from api.answers import render
from api.requests.query import identifier, refuse_parameters
from api.runtime import json
from api.runtime.json import Json
from api.service import Service
from api.web.openapi import ITEM_QUERY, NOT_FOUND, PROBLEMS, SEGMENT, described, names
from api.web.response import SHARED, Answer
from api.web.schemas import SegmentAnswer, SegmentItemsAnswer, SegmentsAnswer
from recsys.model_version import Answering
from recsys.segments import lifecycle
from recsys.segments.groups import MIN_USERS, Groups, Portrait

COUNTED = (
    "all users of the training data, whether they allow profiling or not; an audience of the same "
    "segment counts only those who allow it now"
)
_KNOWN = names(ITEM_QUERY)


class SegmentRoutes:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def every(self, request: Request) -> Response:
        """List all segments in figures, and who went from which stage of life to which."""
        refuse_parameters(request)
        answering = self._service.current.serving.answering
        groups = answering.bundle.groups
        answer = {
            **_about(answering),
            "items": [_portrait(portrait, groups) for portrait in groups.portraits],
            "no_clusters": groups.no_clusters or None,
            "transitions": _transitions(groups),
            "cohorts": list(self._service.desk.cohorts),
            "next_cursor": None,
        }
        return Answer(render.dump(answer), headers=SHARED)

    async def one(self, request: Request) -> Response:
        """Tell what a segment is like: size, share of the money, churn, who came back."""
        if not request.path_params["name"]:
            raise HTTPException(404)
        refuse_parameters(request)
        answering = self._service.current.serving.answering
        portrait = answering.portrait(identifier("name", request.path_params["name"]))
        answer = {**_about(answering), **_portrait(portrait, answering.bundle.groups)}
        return Answer(render.dump(answer), headers=SHARED)

    async def items(self, request: Request) -> Response:
        """Rank items for anybody in a segment."""
        service, serving = self._service, self._service.current.serving
        asked = service.reader.query(request.scope["query_string"], _KNOWN)
        name = identifier("name", request.path_params["name"])
        portrait = serving.answering.portrait(name)
        answer = service.desk.segment(serving, portrait.name, asked, at=service.clock())
        return Answer(render.dump(answer), headers=SHARED)


def register(app: FastAPI, service: Service) -> None:
    """Add the routes, the one that any path would match last."""
    segments = SegmentRoutes(service)
    name = "/v1/segments/{name:path}"
    for path, handler, model, parameters in (
        ("/v1/segments", segments.every, SegmentsAnswer, []),
        (f"{name}/recommendations", segments.items, SegmentItemsAnswer, [SEGMENT, *ITEM_QUERY]),
        (name, segments.one, SegmentAnswer, [SEGMENT]),
    ):
        app.add_api_route(
            path,
            handler,
            summary=described(handler),
            tags=["segments"],
            responses={200: {"model": model}, **PROBLEMS, **(NOT_FOUND if parameters else {})},
            response_class=Answer,
            openapi_extra={"parameters": parameters},
        )


def count(users: int) -> int | None:
    """Return how many users there are; None for so few that somebody could be recognised."""
    return users if users == 0 or users >= MIN_USERS else None


def _about(answering: Answering) -> Json:
    return {
        "model_version": answering.version,
        "counted": COUNTED,
        "as_of": json.instant(answering.manifest.data_until),
        "period_days": answering.bundle.groups.period_days,
    }


def _portrait(portrait: Portrait, groups: Groups) -> Json:
    clear = portrait.users >= MIN_USERS
    clusters, name = groups.clusters, portrait.name.removeprefix("cluster:")
    typical = dict(zip(clusters.names, clusters.typical, strict=True)) if clusters else {}
    cluster = portrait.name.startswith("cluster:")
    return {
        "name": portrait.name,
        "users": count(portrait.users),
        "suppressed": not clear and portrait.users > 0,
        "revenue_share": portrait.revenue_share if clear else None,
        "churn": portrait.churn if portrait.churn_users >= MIN_USERS else None,
        "repurchase": portrait.repurchase if portrait.repurchase_users >= MIN_USERS else None,
        "typical": list(typical.get(name, ())) if cluster else [],
    }


def _transitions(groups: Groups) -> list[Json]:
    before = (*lifecycle.STATES, None)
    return [
        {"before": came_from, "now": now, "users": count(users)}
        for came_from, row in zip(before, groups.transitions.tolist(), strict=True)
        for now, users in zip(lifecycle.STATES, row, strict=True)
        if users
    ]
