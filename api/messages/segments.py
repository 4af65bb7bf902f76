"""Groups of users, as answers say them: segments, audiences, usage intervals."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from msgspec import Meta

from api.messages.message import Count, Instant, Message, Paged, Version, told
from recsys.segments import lifecycle
from recsys.segments.groups import MIN_USERS, Groups, Portrait

WITHHELD = "null: fewer than 20, or a count that would give such a one away"

Counted = Annotated[
    str,
    told(
        "who is in the figures: everybody in the model's snapshot; an audience, and "
        "`membership` of a user, are as of now"
    ),
]

AsOf = Annotated[Instant, told("of the snapshot: the end of the training data")]

Hidden = Annotated[Count | None, told(WITHHELD)]

SegmentName = Annotated[str, Meta(examples=["rfm:champions"])]


class Segment(Message, frozen=True, kw_only=True):
    """A group of users, in figures as of training; null where fewer than 20 are behind it."""

    name: SegmentName
    users: Count | None
    suppressed: Annotated[bool, told("whether there are users, but fewer than 20")]
    revenue_share: Annotated[float | None, told("of all money so far")]
    churn: Annotated[float | None, told("mean probability of its active users")]
    repurchase: Annotated[
        float | None,
        told("of those in it one period ago, the share that came back within the period"),
    ]
    typical: Annotated[list[str], told("of a content cluster: what sets it apart")]

    @classmethod
    def of(cls, portrait: Portrait, groups: Groups, **more: Any) -> Self:
        """Return a group as it is told, with `more` where the class says more of it."""
        clear = portrait.users >= MIN_USERS
        clusters, name = groups.clusters, portrait.name.removeprefix("cluster:")
        typical = dict(zip(clusters.names, clusters.typical, strict=True)) if clusters else {}
        cluster = portrait.name.startswith("cluster:")
        return cls(
            name=portrait.name,
            users=clear_count(portrait.users),
            suppressed=not clear and portrait.users > 0,
            revenue_share=portrait.revenue_share if clear else None,
            churn=portrait.churn if portrait.churn_users >= MIN_USERS else None,
            repurchase=portrait.repurchase if portrait.repurchase_users >= MIN_USERS else None,
            typical=list(typical.get(name, ())) if cluster else [],
            **more,
        )


class SegmentAnswer(Segment, frozen=True, kw_only=True):
    """One segment."""

    model_version: Version
    counted: Counted
    as_of: AsOf
    period_days: int


class Transition(Message, frozen=True):
    """How many went from one stage of life to another within the last period."""

    before: Annotated[str | None, told("null: never active until then")]
    now: Annotated[str, Meta(examples=["current"])]
    users: Annotated[Count | None, told("null: fewer than 20")]

    @classmethod
    def all_of(cls, groups: Groups) -> list[Transition]:
        """Return all transitions that anybody made."""
        before = (*lifecycle.STATES, None)
        return [
            cls(came_from, now, clear_count(users))
            for came_from, row in zip(before, groups.transitions.tolist(), strict=True)
            for now, users in zip(lifecycle.STATES, row, strict=True)
            if users
        ]


class SegmentsAnswer(Paged, frozen=True, kw_only=True):
    """All segments."""

    model_version: Version
    counted: Counted
    as_of: AsOf
    period_days: Annotated[int, told("of the lifecycle: the usage interval")]
    items: list[Segment]
    no_clusters: Annotated[str | None, told("why there are no content clusters")]
    transitions: list[Transition]
    cohorts: Annotated[list[str], told("of segments.cohorts_file")]


class AudienceBody(Message, frozen=True):
    """Who is wanted: a `rule`, or a `segment`."""

    rule: Annotated[Any, told("instead of a segment", extra_json_schema={"type": "object"})] = None
    segment: Annotated[str | None, told("as `/v1/segments` names it, or `cohort:NAME`")] = None
    channel: Annotated[str | None, told("that has to be granted; else any")] = None


class ExportBody(AudienceBody, frozen=True):
    """Who is wanted, and how the list is written."""

    format: Literal["csv", "jsonl"] = "csv"


class Leaf(Message, frozen=True):
    """A leaf of a rule, and how many users it let in and kept out."""

    leaf: Annotated[str, Meta(examples=["rule.all[0]"])]
    admitted: Hidden
    refused: Hidden


class AudiencePreview(Message, frozen=True, kw_only=True):
    """How many would be in an audience."""

    model_version: Version
    counted: Annotated[str, told("who can be in the figures")]
    users: Annotated[Count | None, told(f"who belong; {WITHHELD}")]
    reachable: Annotated[
        Count | None,
        told(f"who granted marketing, on the channel if one; {WITHHELD}"),
    ]
    of: Annotated[int, told("known users")]
    looked_at: int
    estimated: Annotated[bool, told("scaled up from a sample")]
    decided_by: list[Leaf]


class SegmentUsage(Message, frozen=True):
    """How often the users of a segment come back."""

    segment: SegmentName
    days: Annotated[float | None, told("80 % of repeaters usually come back within; or null")]
    survival_days: Annotated[float | None, told("the same with open gaps counted as open")]
    repeaters: Count
    shrunk: Annotated[bool, told("whether few repeaters made `days` lean on everybody")]


class UsageIntervalAnswer(Paged, frozen=True, kw_only=True):
    """How often users come back, and how far ahead churn looks."""

    model_version: Version
    critical_kind: Annotated[str, Meta(examples=["purchase"])]
    horizon_days: int
    active_days: int
    days: float | None
    survival_days: float | None
    repeaters: Count
    items: list[SegmentUsage]


def clear_count(users: int) -> int | None:
    """Return how many users there are; None for so few that somebody could be recognised."""
    return users if users == 0 or users >= MIN_USERS else None
