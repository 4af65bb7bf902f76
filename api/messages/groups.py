"""Groups of users, as answers say them: segments, audiences, usage intervals."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from api.messages.message import (
    Asked,
    Count,
    Instant,
    Message,
    NoCursor,
    UserId,
    Version,
    instant_or_none,
    told,
)
from api.messages.reasons import Reason, why
from recsys.bundle import Bundle
from recsys.churn.models import ChurnModels
from recsys.model_version import Answering
from recsys.segments import lifecycle
from recsys.segments.groups import MIN_USERS, Groups, Portrait

COUNTED = (
    "all users of the training data, whether they allow profiling or not; an audience of the same "
    "segment counts only those who allow it now"
)
Counted = Annotated[
    str,
    told(
        "who is in the figures: everybody in the model's snapshot; an audience, and "
        "`membership` of a user, are as of now"
    ),
]
WITHHELD = "null: fewer than 20, or a count that would give such a one away"
Hidden = Annotated[Count | None, told(WITHHELD)]
AsOf = Annotated[Instant, told("of the snapshot: the end of the training data")]
PeriodDays = Annotated[int, told("of the lifecycle: the usage interval")]
SegmentName = Annotated[str, Meta(examples=["rfm:champions"])]


class Segment(Message, kw_only=True):
    """A group of users, in figures as of training; null where fewer than 20 are behind it.

    Of segments of taste, `taste:…`, there is the size only.
    """

    name: SegmentName
    users: Count | None
    suppressed: Annotated[bool, told("whether there are users, but fewer than 20")]
    revenue_share: Annotated[float | None, told("of all money so far")]
    churn: Annotated[float | None, told("mean probability of its active users")]
    repurchase: Annotated[
        float | None,
        told("of those in it one period ago, the share that came back within the period"),
    ]
    typical: Annotated[list[str], told("of a cluster or a taste: what sets it apart")]
    own_list: Annotated[
        bool, told("whether its `/recommendations` are its own, or what is popular")
    ]
    no_list: Annotated[str | None, told("why what is popular is listed; null with a list")]
    no_list_why: Reason


class Transition(Message):
    """How many went from one stage of life to another within the last period."""

    before: Annotated[str | None, told("null: never active until then")]
    now: Annotated[str, Meta(examples=["current"])]
    users: Annotated[int | None, told("null: fewer than 20")]


class SegmentsAnswer(Message):
    """All segments."""

    model_version: Version
    counted: Counted
    as_of: AsOf
    period_days: PeriodDays
    items: list[Segment]
    no_clusters: Annotated[str | None, told("why there are no content clusters")]
    transitions: list[Transition]
    cohorts: Annotated[list[str], told("of segments.cohorts_file")]
    next_cursor: NoCursor = None


class SegmentAnswer(Segment, kw_only=True):
    """One segment."""

    model_version: Version
    counted: Counted
    as_of: AsOf
    period_days: PeriodDays


class AudienceBody(Asked):
    """Who is wanted."""

    rule: Annotated[dict[str, Any] | None, told("instead of a segment")] = None
    segment: Annotated[str | None, told("as `/v1/segments` names it, or `cohort:NAME`")] = None
    channel: Annotated[str | None, told("that has to be granted; else any")] = None


class AudienceExportBody(AudienceBody):
    """Who is wanted, and how they are written."""

    format: Literal["csv", "jsonl"] = "csv"


class Leaf(Message):
    """A leaf of a rule, and how many users it let in and kept out."""

    leaf: Annotated[str, Meta(examples=["rule.all[0]"])]
    admitted: Hidden
    refused: Hidden


class AudiencePreview(Message):
    """How many would be in an audience."""

    model_version: Version
    counted: Annotated[str, told("who can be in the figures")]
    users: Annotated[Count | None, told(f"who belong; {WITHHELD}")]
    reachable: Annotated[
        Count | None, told(f"who granted marketing, on the channel if one; {WITHHELD}")
    ]
    of: Annotated[int, told("known users")]
    looked_at: int
    estimated: Annotated[bool, told("scaled up from a sample")]
    decided_by: list[Leaf]


class LikelyBody(Asked):
    """What users are wanted for, or whom they are to be like: one of the first four."""

    items: Annotated[list[str], Meta(min_length=1, max_length=1_000)] | None = None
    category: Annotated[str | None, told("any item of it")] = None
    like_segment: Annotated[str | None, told("whom they are like", examples=["rfm:champions"])] = (
        None
    )
    like_users: Annotated[list[str], Meta(min_length=1), told("whom they are like")] | None = None
    users: Annotated[int, Meta(ge=1, le=100_000), told("how many")] = 100
    channel: Annotated[str | None, told("that has to be granted; else any")] = None


class LikelyUser(Message):
    """A user of whom it is likely."""

    user_id: UserId
    rank: Annotated[int, Meta(ge=1)]
    score: Annotated[float, told("comparable within one answer; no probability")]


class LikelyAnswer(Message):
    """The likeliest users; fewer than asked for where of no more anything speaks for it."""

    model_version: Version
    by: Annotated[str, told("what they are ranked by")]
    of: Annotated[int, told("known users")]
    users: list[LikelyUser]


class SegmentUsage(Message):
    """How often the users of a segment come back."""

    segment: SegmentName
    days: Annotated[float | None, told("80 % of repeaters usually come back within; or null")]
    survival_days: Annotated[float | None, told("the same with open gaps counted as open")]
    repeaters: Count
    shrunk: Annotated[bool, told("whether few repeaters made `days` lean on everybody")]


class UsageIntervalAnswer(Message):
    """How often users come back, and how far ahead churn looks."""

    model_version: Version
    critical_kind: Annotated[str, Meta(examples=["purchase"])]
    horizon_days: int
    active_days: int
    days: float | None
    survival_days: float | None
    repeaters: Count
    items: list[SegmentUsage]
    next_cursor: NoCursor = None


def segment(portrait: Portrait, answering: Answering) -> dict[str, Any]:
    """Return the members of a segment; figures of fewer than ``MIN_USERS`` users are None."""
    clear, declined = portrait.users >= MIN_USERS, answering.declines_list(portrait.name)
    return {
        "name": portrait.name,
        "users": count(portrait.users),
        "suppressed": not clear and portrait.users > 0,
        "revenue_share": portrait.revenue_share if clear else None,
        "churn": portrait.churn if portrait.churn_users >= MIN_USERS else None,
        "repurchase": portrait.repurchase if portrait.repurchase_users >= MIN_USERS else None,
        "typical": _typical(portrait.name, answering.bundle),
        "own_list": declined is None,
        "no_list": None if declined is None else str(declined.detail),
        "no_list_why": None if declined is None else why(declined.detail),
    }


def _typical(segment: str, bundle: Bundle) -> list[str]:
    family, _, name = segment.partition(":")
    tastes = bundle.items.segment.tastes
    found = {"cluster": bundle.groups.clusters, "taste": tastes and tastes.clusters}.get(family)
    return list(dict(zip(found.names, found.typical, strict=True))[name]) if found else []


def snapshot(answering: Answering) -> dict[str, Any]:
    """Return of what, and of when, figures of segments are."""
    return {
        "model_version": answering.version,
        "counted": COUNTED,
        "as_of": instant_or_none(answering.manifest.data_until),
        "period_days": answering.bundle.groups.period_days,
    }


def transitions(groups: Groups) -> list[Transition]:
    """Return how many went from each stage of life to each other."""
    return [
        Transition(before, now, count(users))
        for before, row in zip((*lifecycle.STATES, None), groups.transitions.tolist(), strict=True)
        for now, users in zip(lifecycle.STATES, row, strict=True)
        if users
    ]


def usage(churn: ChurnModels, version: str) -> UsageIntervalAnswer:
    """Return how often users come back, all and by segment."""
    whole, definition = churn.usage_interval, churn.definition
    return UsageIntervalAnswer(
        version,
        definition.critical_kind,
        definition.horizon_days,
        definition.active_days,
        whole.days,
        whole.survival_days,
        whole.n_repeaters,
        [
            SegmentUsage(one.name, one.days, one.survival_days, one.n_repeaters, one.shrunk)
            for one in churn.usage_by_segment
        ],
    )


def count(users: int) -> int | None:
    """Return how many users there are; None for so few that somebody could be recognised."""
    return users if users == 0 or users >= MIN_USERS else None
