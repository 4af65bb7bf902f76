"""The groups users are in: what each is like, and which items are for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from api.messages import groups
from api.messages.groups import Segment, SegmentAnswer, SegmentsAnswer
from api.messages.users import SegmentItemsAnswer
from api.requests.query import ITEMS, NO_NAMES
from api.web.response import SHARED
from api.web.route import Call, Route, route

if TYPE_CHECKING:
    from api.service import Service

_NAME = "/v1/segments/{name:path}"

about_segments = partial(route, tag="segments", cache=SHARED)


@about_segments("GET /v1/segments", SegmentsAnswer, takes=NO_NAMES)
def every(service: Service, _: Call) -> SegmentsAnswer:
    """List all segments in figures, and who went from which stage of life to which."""
    answering = service.current.serving.answering
    bundle = answering.bundle
    return SegmentsAnswer(
        **groups.snapshot(answering),
        items=[Segment(**groups.segment(portrait, answering)) for portrait in bundle.portraits],
        no_clusters=bundle.groups.no_clusters or None,
        transitions=groups.transitions(bundle.groups),
        cohorts=list(service.desk.cohorts),
    )


@about_segments(
    f"GET {_NAME}/recommendations", SegmentItemsAnswer, takes=ITEMS, may=(404,), browser=True
)
def items(service: Service, call: Call) -> SegmentItemsAnswer:
    """Rank items for anybody in a segment."""
    serving = service.current.serving
    name = serving.answering.bundle.segment(call.id).name
    return service.desk.segment(serving, name, call.query, at=service.clock())


@about_segments(f"GET {_NAME}", SegmentAnswer, takes=NO_NAMES, may=(404,))
def one(service: Service, call: Call) -> SegmentAnswer:
    """Tell what a segment is like: size, share of the money, churn, who came back."""
    answering = service.current.serving.answering
    figures = groups.segment(answering.bundle.segment(call.id), answering)
    return SegmentAnswer(**groups.snapshot(answering), **figures)


ROUTES: tuple[Route, ...] = (every, items, one)
