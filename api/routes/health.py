"""For those who run the service: is it alive, can it answer, what does it measure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from api.messages.message import dump
from api.messages.operations import Live, Ready
from api.runtime import blas_threads, clock, json
from api.runtime.metrics import CONTENT_TYPE
from api.web.keys import Right
from api.web.problems import public
from api.web.response import FRESH
from api.web.route import Call, Route, route
from recsys.errors import StoreUnavailable
from recsys.project import version

if TYPE_CHECKING:
    from api.service import Service

ASK_WITH_A_KEY = "ask with a key to be told why"

about_health = partial(route, tag="operations")


@about_health("GET /health/live", Live, right=None)
def live(_: Service, __: Call) -> Live:
    """Say that the process runs, whether or not there is a model."""
    return Live()


@about_health("GET /health/ready", Ready, right=None, refusal=Ready, runs="store")
def ready(service: Service, call: Call) -> Response:
    """Say whether this worker can answer, and what is missing; 503 when it cannot.

    Without the event store it goes on from memory, as long as it once read it: that is degraded,
    and still ready. Whether events are taken is told beside it. As soon as
    there are keys, nothing more is told to those without one.
    """
    pools = blas_threads.pools()
    missing, unreadable, failing = _missing(service, pools), _unreadable(service), _failing(service)
    why = [*missing, *unreadable, *failing]
    answering = not missing and (not unreadable or service.memory.is_informed)
    answer = Ready(
        status=("degraded" if unreadable else "ready") if answering else "not_ready",
        takes_events=not (unreadable or failing),
        # Where things lie is in the log, for those who may read it there.
        why=list(map(public, why)),
        version=version(),
        model_version=service.current.version,
        refused=public(service.current.refused) or None,
        blas_threads=pools,
        clock=json.instant(service.clock()),
        clock_shifted=service.clock is not clock.system,
    )
    if service.keys.wanted and not service.keys.opens(call.scope, Right.READ):
        answer = Ready(
            status=answer.status,
            takes_events=answer.takes_events,
            why=[ASK_WITH_A_KEY] if why else [],
            version=answer.version,
            model_version=None,
            refused=None,
            blas_threads={},
            clock=answer.clock,
            clock_shifted=answer.clock_shifted,
        )
    headers = {"Cache-Control": FRESH}
    media = JSONResponse.media_type
    return Response(dump(answer), 200 if answering else 503, headers=headers, media_type=media)


@about_health("GET /metrics", {CONTENT_TYPE: {"type": "string"}}, runs="thread")
def metrics(service: Service, _: Call) -> Response:
    """Show everything measured, in the text format of Prometheus."""
    unreadable = _unreadable(service)
    takes_events = not (unreadable or _failing(service))
    service.metrics.degraded(without_store=bool(unreadable), takes_events=takes_events)
    page = service.metrics.page(
        age_seconds=service.current.age_seconds(service.clock()),
        blas_threads=max(blas_threads.pools().values(), default=1),
    )
    return Response(page, media_type=CONTENT_TYPE, headers={"Cache-Control": FRESH})


ROUTES: tuple[Route, ...] = (live, ready, metrics)


def _missing(service: Service, pools: dict[str, int]) -> list[str]:
    why = [] if service.current.version else [service.current.why_not]
    extra = {name: count for name, count in pools.items() if count != 1}
    return why + [f"{name} runs {count} threads; one is allowed" for name, count in extra.items()]


def _failing(service: Service) -> list[str]:
    return [why] if (why := service.inbox.failing()) else []


def _unreadable(service: Service) -> list[str]:
    try:
        service.log.last_seq()
    except StoreUnavailable as error:
        return [str(error)]
    return []
