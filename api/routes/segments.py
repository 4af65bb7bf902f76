"""The groups users are in: what each is like, and which items are for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from api.messages import groups
from api.messages.groups import Segment, SegmentAnswer, SegmentsAnswer
from api.messages.reasons import in_language
from api.messages.users import SegmentItemsAnswer
from api.model import languages
from api.requests.query import ITEMS, Names
from api.web.response import SHARED
from api.web.route import Call, Route, route

if TYPE_CHECKING:
    from api.service import Service

_NAME = "/v1/segments/{name:path}"
LANGUAGE: Names = frozenset({"lang"})

about_segments = partial(route, tag="segments", cache=SHARED)


@about_segments("GET /v1/segments", SegmentsAnswer, takes=LANGUAGE)
def every(service: Service, call: Call) -> SegmentsAnswer:
    """List all segments in figures, and who went from which stage of life to which."""
    answering = service.current.serving.answering
    bundle = answering.bundle
    answer = SegmentsAnswer(
        **groups.snapshot(answering),
        items=[Segment(**groups.segment(portrait, answering)) for portrait in bundle.portraits],
        no_clusters=bundle.groups.no_clusters or None,
        transitions=groups.transitions(bundle.groups),
        cohorts=list(service.desk.cohorts),
    )
    return in_language(answer, _language(call))


@about_segments(
    f"GET {_NAME}/recommendations", SegmentItemsAnswer, takes=ITEMS, may=(404,), browser=True
)
def items(service: Service, call: Call) -> SegmentItemsAnswer:
    """Rank items for anybody in a segment."""
    serving = service.current.serving
    name = serving.answering.bundle.segment(call.id).name
    return service.desk.segment(serving, name, call.query, at=service.clock())


@about_segments(f"GET {_NAME}", SegmentAnswer, takes=LANGUAGE, may=(404,))
def one(service: Service, call: Call) -> SegmentAnswer:
    """Tell what a segment is like: size, share of the money, churn, who came back."""
    answering = service.current.serving.answering
    figures = groups.segment(answering.bundle.segment(call.id), answering)
    answer = SegmentAnswer(**groups.snapshot(answering), **figures)
    return in_language(answer, _language(call))


ROUTES: tuple[Route, ...] = (every, items, one)


def _language(call: Call) -> str:
    return languages.chosen(call.query.lang, {}, call.query.accepts)
