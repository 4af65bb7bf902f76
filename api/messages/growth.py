"""Growth: lifecycle, retention, stickiness, the North Star and the promoter score."""

from __future__ import annotations

from typing import Annotated

from api.messages.message import Count, Message, told

Day = Annotated[str, told("its first day, in the zone of data.timezone", examples=["2011-11-09"])]


class LifecyclePeriod(Message):
    """People of one interval."""

    period: Day
    new: Annotated[int, told("did it for the first time ever")]
    current: Annotated[int, told("in this interval and in the one before")]
    resurrected: Annotated[int, told("in this and an earlier one, not in the one before")]
    dormant: Annotated[int, told("in the one before, not in this")]
    active: Annotated[int, told("new, current and resurrected")]
    pulse: Annotated[float | None, told("(new + resurrected) / dormant; null: nobody left")]


class LifecycleAnswer(Message):
    """All intervals that are over, oldest first."""

    kind: Annotated[str, told("the critical event")]
    days: Annotated[int, told("of an interval")]
    periods: list[LifecyclePeriod]


class RetainedDay(Message):
    """Some days after the first time."""

    day: int
    people: Annotated[int, told("whose day is over")]
    on: Annotated[float | None, told("share who did it on that day")]
    after: Annotated[float | None, told("share who did it on that day or later")]


class RetentionAnswer(Message):
    """Retention by calendar days after the first critical event."""

    kind: str
    days: list[RetainedDay]
    bracket: Annotated[float | None, told("share who did it again within one interval")]
    bracket_days: int


class StickinessAnswer(Message):
    """Of the last 30 days."""

    kind: str
    daily: Annotated[float, told("mean people a day")]
    monthly: Count
    ratio: Annotated[float | None, told("daily ÷ monthly")]
    at_least: Annotated[list[float], told("share of those people on at least 1, 2… 30 days")]


class NorthStarPeriod(Message):
    """One interval: total = reachable x breadth x frequency x depth."""

    period: Day
    total: float
    reachable: int
    breadth: Annotated[float, told("people with the critical event ÷ reachable people")]
    frequency: Annotated[float, told("critical events per such person")]
    depth: Annotated[float, told("items per critical event")]
    efficiency: Annotated[
        float | None, told("critical events ÷ sessions of everybody; null: not counted by segment")
    ]
    contributions: Annotated[
        dict[str, float] | None,
        told("what each factor added to the change of the total; they add up to it"),
    ]


class NorthStarAnswer(Message):
    """All intervals that are over, oldest first."""

    kind: str
    days: int
    periods: list[NorthStarPeriod]


class SegmentNps(Message):
    """The net promoter score of a segment, or of all weighted by their people."""

    score: Annotated[float | None, told("in [-1, 1]; null: nobody answered")]
    low: float | None
    high: float | None
    people: Annotated[int, told("in it, whether they answered or not")]
    answers: Count


class NpsAnswer(Message):
    """The net promoter score of the last 90 days, by each person's last answer."""

    score: Annotated[float | None, told("in [-1, 1]; null: nobody answered")]
    low: float | None
    high: float | None
    promoters: Count
    passives: Count
    detractors: Count
    response_rate: Annotated[float | None, told("null: it is not known who was asked")]
    weighted: Annotated[
        SegmentNps, told("by the people of each RFM segment, as some answer more often than others")
    ]
    segments: Annotated[
        dict[str, SegmentNps],
        told("by RFM segment; empty where one is asked for"),
    ]


class FunnelStep(Message):
    """Who did this after all steps before."""

    kind: str
    people: int
    share: Annotated[float | None, told("of who reached the step before; null of the first")]
    median_seconds: Annotated[float | None, told("from the step before to this one")]


class FunnelAnswer(Message):
    """From the first step to the last, in order of time."""

    days: Annotated[int, told("looked at, up to now or `as_of`")]
    within_days: Annotated[int, told("longest time from the first step to the last")]
    steps: list[FunnelStep]


class ReferralPeriod(Message):
    """People of one interval."""

    period: Day
    new: Annotated[int, told("did it for the first time ever")]
    referred: Annotated[int, told("of those, whose trait referred_by names somebody")]
    share: Annotated[float | None, told("referred ÷ new; null: nobody is new")]
    referrers: Annotated[int, told("how many brought them")]
    per_active: Annotated[
        float | None, told("referred ÷ people active in the interval before; null: nobody was")
    ]


class ReferralsAnswer(Message):
    """All intervals that are over, oldest first."""

    kind: Annotated[str, told("the critical event")]
    days: Annotated[int, told("of an interval")]
    periods: list[ReferralPeriod]
