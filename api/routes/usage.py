"""How often users come back: of everybody, and of every segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Request

from api.messages.message import dump
from api.messages.segments import SegmentUsage, UsageIntervalAnswer
from api.requests.query import refuse_parameters
from api.web.response import SHARED, Answer
from api.web.route import Route

if TYPE_CHECKING:
    from api.service import Service


async def interval(service: Service, request: Request) -> Answer:
    """Tell within how many days most users come back, and how far ahead churn looks."""
    refuse_parameters(request)
    answering = service.current.serving.answering
    churn = answering.bundle.churn
    answer = UsageIntervalAnswer(
        model_version=answering.version,
        critical_kind=churn.definition.critical_kind,
        horizon_days=churn.definition.horizon_days,
        active_days=churn.definition.active_days,
        days=churn.usage_interval.days,
        survival_days=churn.usage_interval.survival_days,
        repeaters=churn.usage_interval.n_repeaters,
        items=[
            SegmentUsage(e.name, e.days, e.survival_days, e.n_repeaters, e.shrunk)
            for e in churn.usage_by_segment
        ],
    )
    return Answer(dump(answer), SHARED)


INTERVAL = Route(
    path="/v1/usage-interval", handler=interval, answer=UsageIntervalAnswer, tag="churn"
)
