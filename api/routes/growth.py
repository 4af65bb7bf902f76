"""Growth: who comes, comes back and stays; per segment, per period, as of any date."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from api.messages.growth import (
    FunnelAnswer,
    FunnelStep,
    LifecycleAnswer,
    LifecyclePeriod,
    NorthStarAnswer,
    NorthStarPeriod,
    NpsAnswer,
    ReferralPeriod,
    ReferralsAnswer,
    RetainedDay,
    RetentionAnswer,
    SegmentNps,
    StickinessAnswer,
)
from api.requests.query import FUNNEL, GROWTH
from api.web.keys import Right
from api.web.route import Call, Route, route
from recsys.data.times import DAY
from recsys.errors import BadQuery
from recsys.growth.doings import day_of
from recsys.growth.lifecycle import lifecycle as periods_of
from recsys.growth.north_star import contributions, series
from recsys.growth.nps import weighted
from recsys.growth.referrals import referrals as referred
from recsys.growth.retention import USUAL_DAYS, bracket
from recsys.growth.retention import retention as retained
from recsys.growth.stickiness import stickiness as sticky
from recsys.storage.events import growth as stored

if TYPE_CHECKING:
    from api.service import Service
    from recsys.evaluation.estimate import Estimate
    from recsys.storage.events.growth import Growth

RFM = "rfm:"
"""The segments that everybody who bought is in one of."""

about_growth = partial(
    route, tag="growth", right=Right.EXPORT, takes=GROWTH, runs="thread", may=(404,)
)


@about_growth("GET /v1/growth/lifecycle", LifecycleAnswer)
def lifecycle(service: Service, call: Call) -> LifecycleAnswer:
    """Count new, current, resurrected and dormant people, interval by interval."""
    return lifecycle_of(service, call, read(service, call))


@about_growth("GET /v1/growth/retention", RetentionAnswer)
def retention(service: Service, call: Call) -> RetentionAnswer:
    """Tell who comes back after the first time: on a day, from a day on, within an interval."""
    return retention_of(service, call, read(service, call))


@about_growth("GET /v1/growth/stickiness", StickinessAnswer)
def stickiness(service: Service, call: Call) -> StickinessAnswer:
    """Tell how many of a month's people come on a usual day."""
    return stickiness_of(service, call, read(service, call))


@about_growth("GET /v1/growth/north-star", NorthStarAnswer)
def north_star(service: Service, call: Call) -> NorthStarAnswer:
    """Tell the North Star, its inputs, and what each of them added to its change."""
    return north_star_of(service, call, read(service, call))


@about_growth("GET /v1/growth/referrals", ReferralsAnswer)
def referrals(service: Service, call: Call) -> ReferralsAnswer:
    """Count how many of the new people were brought by others, by their trait `referred_by`."""
    return referrals_of(service, call, read(service, call))


@about_growth("GET /v1/growth/nps", NpsAnswer)
def nps(service: Service, call: Call) -> NpsAnswer:
    """Tell the net promoter score of the last 90 days, with its interval."""
    said = stored.answers(service.log.database, at=_as_of(service, call))
    found = stored.promoters(said, _members(service, call.query.segment))
    by_segment, people = {}, {}
    bundle = service.current.serving.answering.bundle
    for name in bundle.segments.names if said and not call.query.segment else ():
        if name.startswith(RFM):
            members = bundle.members(name)
            by_segment[name], people[name] = stored.promoters(said, members), len(members)
    return NpsAnswer.copy_of(
        found,
        **_scored(found.score),
        weighted=_of_segment(weighted(by_segment, people), sum(people.values())),
        segments={name: _of_segment(one.score, people[name]) for name, one in by_segment.items()},
    )


@about_growth("GET /v1/growth/funnel", FunnelAnswer, takes=FUNNEL)
def funnel(service: Service, call: Call) -> FunnelAnswer:
    """Follow people through some kinds of events in order: who went how far, and how long it took.

    From the first time of the first step in the last `days`; the last within `within_days` of it.
    """
    query = call.query
    if not query.step:
        raise BadQuery("step", "", "kinds of events in order, separated by commas")
    found = stored.reached(
        service.log.database,
        query.step,
        at=_as_of(service, call),
        days=query.days,
        within=query.within_days * DAY,
        only=_members(service, query.segment),
    )
    return FunnelAnswer(query.days, query.within_days, [FunnelStep.copy_of(one) for one in found])


ROUTES: tuple[Route, ...] = (
    lifecycle, retention, stickiness, north_star, nps, funnel, referrals
)  # fmt: skip


def _scored(score: Estimate | None) -> dict[str, float | None]:
    if score is None:
        return {"score": None, "low": None, "high": None}
    return {"score": score.value, "low": score.low, "high": score.high}


def _of_segment(score: Estimate | None, people: int) -> SegmentNps:
    return SegmentNps(**_scored(score), people=people, answers=score.n if score else 0)


def read(service: Service, call: Call) -> Growth:
    """Return who did what: what all answers but those on answers and steps are made from."""
    zone, kind = ZoneInfo(service.config.data.timezone), _kind(service)
    found = stored.read(service.log.database, kind, zone=zone, at=_as_of(service, call))
    members = _members(service, call.query.segment)
    return found if members is None else found.only(members)


def lifecycle_of(service: Service, call: Call, growth: Growth) -> LifecycleAnswer:
    """Return the lifecycle of who did what."""
    days = _interval(service, call)
    periods = [
        LifecyclePeriod.copy_of(one, period=day_of(one.first_day))
        for one in periods_of(growth.done, days=days)
    ]
    return LifecycleAnswer(_kind(service), days, periods)


def retention_of(service: Service, call: Call, growth: Growth) -> RetentionAnswer:
    """Return the retention of who did what."""
    days = _interval(service, call)
    found = [RetainedDay.copy_of(one) for one in retained(growth.done, USUAL_DAYS)]
    return RetentionAnswer(_kind(service), found, bracket(growth.done, 1, days), days)


def stickiness_of(service: Service, _: Call, growth: Growth) -> StickinessAnswer:
    """Return the stickiness of who did what."""
    found = sticky(growth.done)
    return StickinessAnswer.copy_of(found, kind=_kind(service), at_least=list(found.at_least))


def north_star_of(service: Service, call: Call, growth: Growth) -> NorthStarAnswer:
    """Return the North Star of who did what."""
    days, zone = _interval(service, call), ZoneInfo(service.config.data.timezone)
    # Whose a session is, is not looked up: they are counted of everybody.
    counted = (
        None
        if call.query.segment
        else stored.sessions(service.log.database, zone=zone, at=_as_of(service, call))
    )
    found = series(growth.done, growth.seen, days=days, sessions=counted)
    periods = [
        NorthStarPeriod.copy_of(
            now, period=day_of(now.first_day),
            contributions=contributions(found[n - 1], now) if n else None,
        )
        for n, now in enumerate(found)
    ]  # fmt: skip
    return NorthStarAnswer(_kind(service), days, periods)


def referrals_of(service: Service, call: Call, growth: Growth) -> ReferralsAnswer:
    """Return who was brought by whom, of who did what."""
    days = _interval(service, call)
    by = stored.referrers(service.log.database, growth.people)
    periods = [
        ReferralPeriod.copy_of(one, period=day_of(one.first_day))
        for one in referred(growth.done, by, days=days)
    ]
    return ReferralsAnswer(_kind(service), days, periods)


def _kind(service: Service) -> str:
    return service.config.churn.critical_kind


def _interval(service: Service, call: Call) -> int:
    usual = service.current.serving.answering.bundle.churn.usage_interval.days
    return call.query.period or max(1, round(usual or 28))


def _as_of(service: Service, call: Call) -> int:
    said, zone = call.query.as_of, ZoneInfo(service.config.data.timezone)
    return stored.end_of(said, zone) if said else service.clock()


def _members(service: Service, name: str) -> frozenset[str] | None:
    """Return who is in a segment by the model that serves; None without a name: everybody."""
    return service.current.serving.answering.bundle.members(name) if name else None
