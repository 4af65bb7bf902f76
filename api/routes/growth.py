"""Growth: who comes, comes back and stays; per segment, per period, as of any date."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from api.messages.growth import (
    LifecycleAnswer,
    LifecyclePeriod,
    NorthStarAnswer,
    NorthStarPeriod,
    NpsAnswer,
    RetainedDay,
    RetentionAnswer,
    StickinessAnswer,
)
from api.requests.query import GROWTH
from api.web.keys import Right
from api.web.route import Call, Route, route
from recsys.errors import UnknownSegment
from recsys.growth.doings import day_of
from recsys.growth.lifecycle import lifecycle as periods_of
from recsys.growth.north_star import contributions, series
from recsys.growth.retention import USUAL_DAYS, bracket
from recsys.growth.retention import retention as retained
from recsys.growth.stickiness import stickiness as sticky
from recsys.storage.events import growth as stored

if TYPE_CHECKING:
    from api.service import Service

about_growth = partial(
    route, tag="growth", right=Right.EXPORT, takes=GROWTH, runs="thread", may=(404,)
)


@about_growth("GET /v1/growth/lifecycle", LifecycleAnswer)
def lifecycle(service: Service, call: Call) -> LifecycleAnswer:
    """Count new, current, resurrected and dormant people, interval by interval."""
    days = _interval(service, call)
    found = periods_of(_growth(service, call).done, days=days)
    periods = [LifecyclePeriod.copy_of(one, period=day_of(one.first_day)) for one in found]
    return LifecycleAnswer(_kind(service), days, periods)


@about_growth("GET /v1/growth/retention", RetentionAnswer)
def retention(service: Service, call: Call) -> RetentionAnswer:
    """Tell who comes back after the first time: on a day, from a day on, within an interval."""
    done, days = _growth(service, call).done, _interval(service, call)
    found = [RetainedDay.copy_of(one) for one in retained(done, USUAL_DAYS)]
    return RetentionAnswer(_kind(service), found, bracket(done, 1, days), days)


@about_growth("GET /v1/growth/stickiness", StickinessAnswer)
def stickiness(service: Service, call: Call) -> StickinessAnswer:
    """Tell how many of a month's people come on a usual day."""
    found = sticky(_growth(service, call).done)
    return StickinessAnswer.copy_of(found, kind=_kind(service), at_least=list(found.at_least))


@about_growth("GET /v1/growth/north-star", NorthStarAnswer)
def north_star(service: Service, call: Call) -> NorthStarAnswer:
    """Tell the North Star, its inputs, and what each of them added to its change."""
    growth, days = _growth(service, call), _interval(service, call)
    found = series(growth.done, growth.seen, days=days)
    periods = [
        NorthStarPeriod.copy_of(
            now, period=day_of(now.first_day),
            contributions=contributions(found[n - 1], now) if n else None,
        )
        for n, now in enumerate(found)
    ]  # fmt: skip
    return NorthStarAnswer(_kind(service), days, periods)


@about_growth("GET /v1/growth/nps", NpsAnswer)
def nps(service: Service, call: Call) -> NpsAnswer:
    """Tell the net promoter score of the last 90 days, with its interval."""
    members = _members(service, call.query.segment) if call.query.segment else None
    found = stored.promoters(service.log.database, at=_as_of(service, call), only=members)
    score = found.score
    return NpsAnswer.copy_of(
        found,
        score=score.value if score else None,
        low=score.low if score else None,
        high=score.high if score else None,
    )


ROUTES: tuple[Route, ...] = (lifecycle, retention, stickiness, north_star, nps)


def _growth(service: Service, call: Call) -> stored.Growth:
    zone, kind = ZoneInfo(service.config.data.timezone), _kind(service)
    found = stored.read(service.log.database, kind, zone=zone, at=_as_of(service, call))
    segment = call.query.segment
    return found.only(_members(service, segment)) if segment else found


def _kind(service: Service) -> str:
    return service.config.churn.critical_kind


def _interval(service: Service, call: Call) -> int:
    usual = service.current.serving.answering.bundle.churn.usage_interval.days
    return call.query.period or max(1, round(usual or 28))


def _as_of(service: Service, call: Call) -> int:
    said, zone = call.query.as_of, ZoneInfo(service.config.data.timezone)
    return stored.end_of(said, zone) if said else service.clock()


def _members(service: Service, name: str) -> frozenset[str]:
    """Return who is in a segment by the model that serves, as of its training."""
    bundle = service.current.serving.answering.bundle
    row = bundle.segments.row(name)
    if row < 0:
        raise UnknownSegment(name, known=bundle.segments.names)
    users = bundle.interactions.users
    return frozenset(users[int(one)] for one in np.flatnonzero(bundle.segments.members(row)))
