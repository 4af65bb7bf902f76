"""For those who run the service: is it alive, can it answer, what does it measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Request

from api.messages.message import dump
from api.messages.operations import Live, Ready
from api.runtime import blas_threads, clock, json
from api.runtime.metrics import CONTENT_TYPE
from api.web.response import FRESH, Answer
from api.web.route import Route
from recsys.errors import StoreUnavailable

if TYPE_CHECKING:
    from api.service import Service


async def live(service: Service, request: Request) -> Answer:  # noqa: ARG001 - asks nothing
    """Say that the process runs, whether or not there is a model."""
    return Answer(dump(Live()), FRESH)


async def ready(service: Service, request: Request) -> Answer:  # noqa: ARG001 - the same
    """Say whether this worker can answer, and what is missing; 503 when it cannot."""
    pools = blas_threads.pools()
    unreadable = await service.reading(lambda: _unreadable(service))
    why = [*_missing(service, pools), *unreadable]
    answer = Ready(
        status="not_ready" if why else "ready",
        why=why,
        model_version=service.current.version,
        refused=service.current.refused or None,
        blas_threads=pools,
        clock=json.instant(service.clock()),
        clock_shifted=service.clock is not clock.system,
    )
    return Answer(dump(answer), FRESH, status=503 if why else 200)


async def metrics(service: Service, request: Request) -> Answer:  # noqa: ARG001 - the same
    """Show everything measured, in the text format of Prometheus."""
    page = service.metrics.page(
        age_seconds=service.model_age_seconds(),
        blas_threads=max(blas_threads.pools().values(), default=1),
    )
    return Answer(page, FRESH, media=CONTENT_TYPE.encode())


PROBE = ("GET", "HEAD")

ROUTES = (
    Route(path="/health/live", methods=PROBE, handler=live, answer=Live, tag="operations"),
    Route(
        path="/health/ready",
        methods=PROBE,
        handler=ready,
        answer=Ready,
        refusal=Ready,
        tag="operations",
    ),
    Route(
        path="/metrics",
        handler=metrics,
        answer={CONTENT_TYPE: {"type": "string"}},
        tag="operations",
    ),
)


def _missing(service: Service, pools: dict[str, int]) -> list[str]:
    why = [] if service.current.version else [service.current.why_not]
    for name, count in pools.items():
        if count != 1:
            why.append(f"{name} runs {count} threads; one is allowed")
    return why


def _unreadable(service: Service) -> list[str]:
    try:
        service.log.last_seq()
    except StoreUnavailable as error:
        return [str(error)]
    return []
