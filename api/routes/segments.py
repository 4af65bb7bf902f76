"""The groups users are in: what each is like, and which items are for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import HTTPException, Request

from api.messages.items import SegmentItemsAnswer
from api.messages.message import dump
from api.messages.segments import Segment, SegmentAnswer, SegmentsAnswer, Transition
from api.requests.query import ITEMS, identifier, refuse_parameters
from api.runtime import json
from api.web.response import SHARED, Answer
from api.web.route import Route
from recsys.model_version import Answering

if TYPE_CHECKING:
    from api.service import Service

COUNTED = (
    "all users of the training data, whether they allow profiling or not; an audience of the same "
    "segment counts only those who allow it now"
)


async def every(service: Service, request: Request) -> Answer:
    """List all segments in figures, and who went from which stage of life to which."""
    refuse_parameters(request)
    answering = service.current.serving.answering
    groups = answering.bundle.groups
    answer = SegmentsAnswer(
        **_about(answering),
        items=[Segment.of(portrait, groups) for portrait in groups.portraits],
        no_clusters=groups.no_clusters or None,
        transitions=Transition.all_of(groups),
        cohorts=list(service.answers.cohorts),
    )
    return Answer(dump(answer), SHARED)


async def one(service: Service, request: Request) -> Answer:
    """Tell what a segment is like: size, share of the money, churn, who came back."""
    if not request.path_params["name"]:
        raise HTTPException(404)
    refuse_parameters(request)
    answering = service.current.serving.answering
    portrait = answering.portrait(identifier("name", request.path_params["name"]))
    answer = SegmentAnswer.of(portrait, answering.bundle.groups, **_about(answering))
    return Answer(dump(answer), SHARED)


async def items(service: Service, request: Request) -> Answer:
    """Rank items for anybody in a segment."""
    serving = service.current.serving
    query = service.queries.query(request.scope["query_string"], ITEMS)
    portrait = serving.answering.portrait(identifier("name", request.path_params["name"]))
    answer = service.answers.segment(serving, portrait.name, query, at=service.clock())
    return Answer(dump(answer), SHARED)


ROUTES = (
    Route(path="/v1/segments", handler=every, answer=SegmentsAnswer, tag="segments"),
    Route(
        path="/v1/segments/{name:path}/recommendations",
        handler=items,
        answer=SegmentItemsAnswer,
        tag="segments",
        takes=ITEMS,
        problems=(404,),
    ),
    # Any path would match it: last.
    Route(
        path="/v1/segments/{name:path}",
        handler=one,
        answer=SegmentAnswer,
        tag="segments",
        problems=(404,),
    ),
)


def _about(answering: Answering) -> dict[str, Any]:
    return {
        "model_version": answering.version,
        "counted": COUNTED,
        "as_of": json.instant(answering.manifest.data_until),
        "period_days": answering.bundle.groups.period_days,
    }
