"""How often users come back: of everybody, and of every segment."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from api.answers import render
from api.requests.query import refuse_parameters
from api.service import Service
from api.web.openapi import PROBLEMS, described
from api.web.response import SHARED, Answer
from api.web.schemas import UsageIntervalAnswer


class Usage:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def interval(self, request: Request) -> Response:
        """Tell within how many days most users come back, and how far ahead churn looks."""
        refuse_parameters(request)
        answering = self._service.current.serving.answering
        churn = answering.bundle.churn
        answer = {
            "model_version": answering.version,
            "critical_kind": churn.definition.critical_kind,
            "horizon_days": churn.definition.horizon_days,
            "active_days": churn.definition.active_days,
            "days": churn.usage_interval.days,
            "survival_days": churn.usage_interval.survival_days,
            "repeaters": churn.usage_interval.n_repeaters,
            "items": [
                {
                    "segment": each.name,
                    "days": each.days,
                    "survival_days": each.survival_days,
                    "repeaters": each.n_repeaters,
                    "shrunk": each.shrunk,
                }
                for each in churn.usage_by_segment
            ],
            "next_cursor": None,
        }
        return Answer(render.dump(answer), headers=SHARED)


def register(app: FastAPI, service: Service) -> None:
    """Add the route."""
    usage = Usage(service)
    app.add_api_route(
        "/v1/usage-interval",
        usage.interval,
        summary=described(usage.interval),
        tags=["churn"],
        responses={200: {"model": UsageIntervalAnswer}, **PROBLEMS},
        response_class=Answer,
    )
