"""Answers about a user: items, channel, churn, value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from msgspec import Meta, field

from api.messages.message import (
    Instant,
    Message,
    NoCursor,
    Probability,
    UserId,
    Version,
    instant_or_none,
    told,
)
from api.messages.reasons import Reason as Given
from api.messages.reasons import Why, why
from api.runtime.json import instant
from recsys.audience import Audience
from recsys.channel.choice import ChannelChoice, RankedArm
from recsys.channel.send_time import SendHour
from recsys.churn.bands import Band
from recsys.churn.risk import ChurnRisk, RiskReason
from recsys.ladder import Climb, Reason, RungName, Step
from recsys.segments.rule import Rule
from recsys.value.models import UserValue, ValueModels

Chance = Annotated[float, Meta(ge=-1, le=1)]
Rung = Annotated[RungName | None, told("null when every rung failed")]
RungReason = Annotated[str, Meta(examples=["103 different items in this user's history"])]
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


class TrailStep(Message):
    """A rung that was asked."""

    rung: RungName
    reason: Reason
    detail: Annotated[str, told("in English", examples=["nothing known happened since training"])]
    why: Given = None


Trail = Annotated[list[TrailStep], told("the rungs asked, highest first")]


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


class ChannelArm(Message):
    """One channel, as it stands for this user now."""

    channel: Annotated[str, Meta(examples=["email"])]
    p: Annotated[
        Chance,
        told(
            "probability of a response to one message; where rung_reason says uplift: what the "
            "message adds to the probability of the outcome over sending nothing"
        ),
    ]
    low: Chance
    high: Chance
    expected_value: Annotated[float, told("money, net of cost and of those who leave")]
    eligible: bool
    reason: str
    pscore: Annotated[Probability, told("probability that this decision chooses this arm")]
    propensity: Annotated[
        Probability, told("the same as pscore", extra_json_schema={"deprecated": True})
    ]
    why: Given = None


class SendTime(Message):
    """The hour of the next 24 at which the message meets its receiver."""

    at: Instant
    hit: Annotated[
        Probability, told("P(the user's activity, or response, of that day is within 1 h)")
    ]
    gain: Annotated[float, told("by how much that is more than at everybody's best hour")]
    confidence: Annotated[Probability, told("share of the user's own in it")]
    because: Annotated[str, Meta(examples=["from 14 own responses to email"])]
    why: Given = None


class Channel(Message, kw_only=True):
    """Which channel next."""

    best: Annotated[str | None, told("`none`: send nothing", examples=["email"])] = None
    send_at: Annotated[str | None, told("end of the quiet hours; null: now")] = None
    send_time: Annotated[SendTime | None, told("null: nothing to send, or nothing known")] = None
    rung: Rung
    rung_reason: RungReason
    rung_why: Given = None
    trail: Trail
    ranked: list[ChannelArm] = field(default_factory=list)
    simulated: Annotated[bool, told("whether the messages learnt from were simulated")] = False
    explored: Annotated[bool, told("drawn among all eligible arms, not chosen for its value")] = (
        False
    )

    @classmethod
    def climbed(
        cls, climb: Climb[ChannelChoice], hour: SendHour | None, *, explain: bool
    ) -> Channel:
        """Return which channel next, and the hour for it; `best` is null when all rungs failed."""
        choice, about = climb.answer, climbed(climb, explain=explain)
        if choice is None:
            return cls(**about)
        return cls(
            best=choice.best,
            **about,
            send_at=instant_or_none(choice.send_at),
            send_time=hour and _send_time(hour, explain=explain),
            ranked=[_arm(arm, explain=explain) for arm in choice.ranked],
            simulated=choice.simulated,
            explored=choice.explored,
        )


class ChurnReason(Message):
    """What moves the risk, and by how much on the scale of log odds."""

    group: Annotated[str, Meta(examples=["recency"])]
    words: Annotated[str, told("in English")]
    contribution: float
    why: Given = None


class Churn(Message, kw_only=True):
    """How likely the user is to churn within the horizon."""

    p: Probability | None = None
    low: Probability | None = None
    high: Probability | None = None
    band: Annotated[
        Band | None, told("low: an offer costs more than it keeps; high: it pays, and p is high")
    ] = None
    band_reason: Annotated[
        str, told("what p was held against", examples=["58% against 40% of all active users; …"])
    ] = ""
    band_why: Given = None
    base_rate: Annotated[Probability | None, told("of everybody who is active")] = None
    pays_from: Annotated[Probability | None, told("from which p on an offer pays")] = None
    score: Annotated[
        Annotated[float, Meta(ge=0, le=100)] | None, told("percentile among known active users")
    ] = None
    horizon_days: int | None = None
    reasons: list[ChurnReason] = field(default_factory=list)
    rung: Rung
    rung_reason: RungReason
    rung_why: Given = None
    trail: Trail

    @classmethod
    def climbed(cls, climb: Climb[ChurnRisk], *, explain: bool) -> Churn:
        """Return how likely to churn, for what reasons; `p` is null when every rung failed."""
        risk, about = climb.answer, climbed(climb, explain=explain)
        if risk is None:
            return cls(**about)
        against = risk.bands.because(risk.p) if explain else ""
        return cls(
            p=risk.p,
            low=risk.low,
            high=risk.high,
            band=risk.band,
            band_reason=str(against),
            band_why=why(against),
            base_rate=risk.bands.base_rate,
            pays_from=risk.bands.pays_from,
            score=risk.score,
            horizon_days=risk.horizon_days,
            reasons=[*map(_of_risk, risk.reasons)] if explain else [],
            **about,
        )


class Forecast(Message):
    """What is expected of a user in the days ahead."""

    days: Annotated[int, Meta(examples=[30, 90, 365])]
    predicted_number_of_orders: Annotated[float, told("days with an order", ge=0)]
    predicted_clv: Annotated[float, Meta(ge=0)]
    low: Annotated[float | None, told("the money itself falls into low..high, not its mean")]
    high: float | None


Flag = Literal["few_users", "no_dropout_seen", "seasons_unknown"]


class Value(Message, kw_only=True):
    """What a user was worth, and is expected to be worth; null: not known, or not allowed."""

    as_of: Annotated[str | None, told("the snapshot that the forecasts start from")] = None
    historic_clv: Annotated[float | None, told("all orders so far less returns")] = None
    predicted_clv: Annotated[float | None, told("of the longest forecast, 365 days")] = None
    total_clv: Annotated[float | None, told("historic and predicted")] = None
    predicted_number_of_orders: float | None = None
    average_days_between_orders: float | None = None
    average_order_value: float | None = None
    churn_probability: Annotated[Probability | None, told("as `/churn` answers it")] = None
    churn_horizon_days: int | None = None
    expected_date_of_next_order: Annotated[
        str | None, told("when another order is as likely as not; null: never even odds")
    ] = None
    forecasts: list[Forecast] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    reason: Annotated[str, told("in English")]
    why: Given = None

    @classmethod
    def said(cls, found: UserValue, risk: Churn, models: ValueModels) -> Self:
        """Return a user's value; what is predicted is of the longest horizon."""
        last = found.expected[-1] if found.expected else None
        return cls(
            as_of=instant_or_none(models.taken_at),
            historic_clv=found.historic,
            predicted_clv=last.value if last else None,
            total_clv=found.historic + last.value if last else None,
            predicted_number_of_orders=last.orders if last else None,
            average_days_between_orders=found.usual_days,
            average_order_value=found.order_value,
            churn_probability=risk.p,
            churn_horizon_days=risk.horizon_days,
            expected_date_of_next_order=instant_or_none(found.next_order_at),
            forecasts=[Forecast(e.days, e.orders, e.value, e.low, e.high) for e in found.expected],
            flags=list(models.flags),  # type: ignore[arg-type]
            reason=str(found.because),
            why=why(found.because),
        )


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


def climbed(climb: Climb[Any], *, explain: bool) -> dict[str, Any]:
    """Return the rung that answered, why, and the rungs asked."""
    about: dict[str, Any] = {"rung": climb.rung, "rung_reason": str(climb.reason), "trail": []}
    if not explain:
        return about
    trail = [*map(trail_step, climb.trail)]
    return {**about, "trail": trail, "rung_why": why(climb.reason)}


def trail_step(step: Step) -> TrailStep:
    """Return a rung that was asked as it is told."""
    return TrailStep(step.rung, step.reason, str(step.detail), why(step.detail))


def _arm(arm: RankedArm, *, explain: bool) -> ChannelArm:
    channel, p, low, high, value, eligible, reason, pscore = arm
    given = why(reason) if explain else None
    return ChannelArm(channel, p, low, high, value, eligible, str(reason), pscore, pscore, given)


def _send_time(hour: SendHour, *, explain: bool) -> SendTime:
    at, hit, gain, confidence, because = hour
    given = why(because) if explain else None
    return SendTime(instant(at), hit, gain, confidence, str(because), given)


def _of_risk(reason: RiskReason) -> ChurnReason:
    group, words, contribution = reason
    return ChurnReason(group, str(words), contribution, why(words))
