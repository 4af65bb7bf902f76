"""For those who run the service: is it alive, can it answer, what does it measure."""

from __future__ import annotations

from fastapi import FastAPI, Response

from api.answers import render
from api.runtime import blas_threads, clock, json
from api.runtime.json import Json
from api.runtime.metrics import CONTENT_TYPE
from api.service import Service
from api.web.openapi import described
from api.web.response import FRESH, Answer
from api.web.schemas import Live, Ready
from recsys.errors import StoreUnavailable
from recsys.project import version


class Health:
    """Handlers over one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def live(self) -> Response:
        """Say that the process runs, whether or not there is a model."""
        return Answer(render.dump({"status": "live"}), headers=FRESH)

    async def ready(self) -> Response:
        """Say whether this worker can answer, and what is missing; 503 when it cannot."""
        service, pools = self._service, blas_threads.pools()
        why = [*self._missing(pools), *await service.reading(self._unreadable)]
        answer: Json = {
            "status": "not_ready" if why else "ready",
            "why": why,
            "version": version(),
            "model_version": service.current.version,
            "refused": service.current.refused or None,
            "blas_threads": pools,
            "clock": json.instant(service.clock()),
            "clock_shifted": service.clock is not clock.system,
        }
        return Answer(render.dump(answer), 503 if why else 200, headers=FRESH)

    async def metrics(self) -> Response:
        """Show everything measured, in the text format of Prometheus."""
        page = self._service.metrics.page(
            age_seconds=self._service.model_age_seconds(),
            blas_threads=max(blas_threads.pools().values(), default=1),
        )
        return Response(page, media_type=CONTENT_TYPE, headers=FRESH)

    def _missing(self, pools: dict[str, int]) -> list[str]:
        service, why = self._service, []
        if service.current.version is None:
            why.append(service.why_not_serving())
        for name, count in pools.items():
            if count != 1:
                why.append(f"{name} runs {count} threads; one is allowed")
        return why

    def _unreadable(self) -> list[str]:
        try:
            self._service.log.last_seq()
        except StoreUnavailable as error:
            return [str(error)]
        return []


def register(app: FastAPI, service: Service) -> None:
    """Add the routes."""
    health = Health(service)
    not_ready = {"model": Ready, "description": "not ready, and why"}
    app.add_api_route(
        "/health/live",
        health.live,
        tags=["operations"],
        summary=described(health.live),
        responses={200: {"model": Live}},
        response_class=Answer,
    )
    app.add_api_route(
        "/health/ready",
        health.ready,
        tags=["operations"],
        summary=described(health.ready),
        responses={200: {"model": Ready}, 503: not_ready},
        response_class=Answer,
    )
    app.add_api_route(
        "/metrics", health.metrics, summary=described(health.metrics), response_class=Response
    )
