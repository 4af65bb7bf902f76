"""Answers about a user: items, channel, churn, value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from msgspec import Meta, field

from api.messages.channel import Channel
from api.messages.churn import Churn
from api.messages.message import Instant, Message, NoCursor, UserId, Version, told
from api.messages.reasons import Reason as Given
from api.messages.reasons import Why
from api.messages.trail import Rung, RungReason, Trail
from api.messages.value import Value
from recsys.audience import Audience
from recsys.ladder import RungName
from recsys.segments.rule import Rule

Notes = Annotated[list[str], told("what the reader should know, such as a forced rung")]
ItemId = Annotated[str, Meta(examples=["22423"])]
Rank = Annotated[int, Meta(ge=1)]
Score = Annotated[float, told("comparable within one rung of one answer only")]
Source = Annotated[str, told("which algorithm proposed it", examples=["one_to_one"])]
Title = Annotated[str, Meta(examples=["REGENCY CAKESTAND 3 TIER"])]
Price = Annotated[float | None, Meta(examples=[12.75])]
Reasons = Annotated[
    list[str],
    told(
        "in the reader's language",
        examples=[["because you bought ROSES REGENCY TEACUP AND SAUCER"]],
    ),
]
RecommendationId = Annotated[str, told("for attribution: send it with later events")]


class About(Message):
    """Whom an answer is about, and what made it."""

    user_id: UserId
    model_version: Version
    generated_at: Instant
    notes: Notes


class RecommendedItem(Message):
    """One item of an answer."""

    item_id: ItemId
    rank: Rank
    score: Score
    rung: RungName
    source: Source
    reasons: Reasons
    title: Title
    url: str
    image_url: str
    price: Price
    why: Annotated[list[Why], told("each of `reasons` as code, parameters and text")] = field(
        default_factory=list
    )


class SimilarItem(Message):
    """One item that the users of another take too."""

    item_id: ItemId
    rank: Rank
    score: Score
    source: Source
    title: Title
    url: str
    image_url: str
    price: Price


class InCohort(Message):
    """A cohort that the user is in."""

    name: str
    decided_by: Annotated[str, told("the leaf of its rule", examples=["vip.all[1]"])]


class Membership(Message):
    """Where the user is now; null in none, or without consent to profiling."""

    rfm: Annotated[str | None, Meta(examples=["champions"])]
    lifecycle: Annotated[str | None, Meta(examples=["current"])]
    cluster: str | None
    cohorts: list[InCohort]

    @classmethod
    def of(cls, audience: Audience, people: int, cohorts: Mapping[str, Rule]) -> list[Self]:
        """Return the segment of each family that each person is in, and the cohorts with why."""
        found = [(name, rule, audience.decide(rule)) for name, rule in cohorts.items()]
        return [
            cls(
                **audience.segments(place),
                cohorts=[
                    InCohort(name, rule.leaves[decision.leaf[place]].path)
                    for name, rule, decision in found
                    if decision.inside[place]
                ],
            )
            for place in range(people)
        ]


class Listed(Message, kw_only=True):
    """Which items, in which order."""

    recommendation_id: RecommendationId
    model_version: Version
    generated_at: Instant
    notes: Notes
    rung: Rung
    rung_reason: RungReason
    rung_why: Given = None
    trail: Trail
    items: list[RecommendedItem]
    next_cursor: NoCursor = None


class ItemsAnswer(Listed, kw_only=True):
    """Which items for a user, in which order."""

    user_id: UserId


class SegmentItemsAnswer(Listed, kw_only=True):
    """Which items for anybody in a segment."""

    segment: str


class UserAnswer(ItemsAnswer, kw_only=True):
    """All three answers."""

    segment: Annotated[
        str | None,
        told(
            "as of the model's snapshot, the one that rung 1 answers from; `membership` is as of "
            "now, so that the two may differ",
            examples=["rfm:champions"],
        ),
    ]
    membership: Annotated[Membership, told("as of now, with the events since training")]
    channel: Channel
    churn: Churn


class ChannelAnswer(About):
    """Which channel next."""

    channel: Channel


class ChurnAnswer(About):
    """How likely to churn."""

    churn: Churn


class ValueAnswer(About):
    """What a user is worth."""

    value: Value


class BatchAnswer(Message):
    """One answer for each user, in the order given."""

    answers: list[ItemsAnswer]
    next_cursor: NoCursor = None


class SimilarAnswer(Message):
    """What the users of an item also take."""

    item_id: ItemId
    model_version: Version
    generated_at: Instant
    items: list[SimilarItem]
    next_cursor: NoCursor = None
