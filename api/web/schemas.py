"""The shapes of answers, for OpenAPI and for the test that holds the bytes against them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from recsys.ladder import Reason, RungName

WITHHELD = "null: fewer than 20, or a count that would give such a one away"

COUNTED = (
    "who is in the figures: everybody in the model's snapshot; an audience, and `membership` of a "
    "user, are as of now"
)


class Shape(BaseModel):
    """A JSON object without members that are not declared."""

    model_config = ConfigDict(extra="forbid")


class StepShape(Shape):
    """A rung that was asked."""

    rung: RungName
    reason: Reason
    detail: str = Field(examples=["nothing known happened since training"])


class Climbed(Shape):
    """Which rung answered, why, and the rungs asked, highest first."""

    rung: RungName | None = Field(description="null when every rung failed")
    rung_reason: str = Field(examples=["103 different items in this user's history"])
    trail: list[StepShape]


class Item(Shape):
    """What an answer says of an item."""

    item_id: str = Field(examples=["22423"])
    rank: int = Field(ge=1)
    score: float = Field(description="comparable within one rung of one answer only")
    source: str = Field(examples=["one_to_one"])
    title: str = Field(examples=["REGENCY CAKESTAND 3 TIER"])
    url: str
    image_url: str
    price: float | None = Field(examples=[12.75])


class RecommendedItem(Item):
    """One item of an answer."""

    rung: RungName
    reasons: list[str] = Field(examples=[["because you bought ROSES REGENCY TEACUP AND SAUCER"]])


class Arm(Shape):
    """One channel, as it stands for this user now."""

    channel: str = Field(examples=["email"])
    p: float = Field(
        ge=-1,
        le=1,
        description="probability of a response to one message; where rung_reason says uplift: what"
        " the message adds to the probability of the outcome over sending nothing",
    )
    low: float = Field(ge=-1, le=1)
    high: float = Field(ge=-1, le=1)
    expected_value: float = Field(description="money, net of cost and of those who leave")
    eligible: bool
    reason: str
    propensity: float = Field(ge=0, le=1, description="probability of this arm in this decision")


class SendTime(Shape):
    """The hour of the next 24 at which the message meets its receiver."""

    at: str = Field(examples=["2011-12-09T18:00:00.000Z"])
    hit: float = Field(
        ge=0, le=1, description="P(the user's activity, or response, of that day is within 1 h)"
    )
    gain: float = Field(description="by how much that is more than at everybody's best hour")
    confidence: float = Field(ge=0, le=1, description="share of the user's own in it")
    because: str = Field(examples=["from 14 own responses to email"])


class Channel(Climbed):
    """Which channel next."""

    best: str | None = Field(description="`none`: send nothing", examples=["email"])
    send_at: str | None = Field(description="end of the quiet hours; null: now")
    send_time: SendTime | None = Field(description="null: nothing to send, or nothing known")
    ranked: list[Arm]
    simulated: bool = Field(description="whether the messages learnt from were simulated")
    explored: bool = Field(description="drawn among all eligible arms, not chosen for its value")


class ChurnReason(Shape):
    """What moves the risk, and by how much on the scale of log odds."""

    group: str = Field(examples=["recency"])
    words: str
    contribution: float


class Churn(Climbed):
    """How likely the user is to churn within the horizon."""

    p: float | None = Field(ge=0, le=1)
    low: float | None = Field(ge=0, le=1)
    high: float | None = Field(ge=0, le=1)
    band: Literal["low", "medium", "high"] | None
    score: float | None = Field(ge=0, le=100, description="percentile among known active users")
    horizon_days: int | None
    reasons: list[ChurnReason]


class About(Shape):
    """Whom an answer is about, and what made it."""

    user_id: str
    model_version: str = Field(examples=["20111209-3f2a9c01b7de"])
    generated_at: str = Field(examples=["2011-12-09T12:50:00.000Z"])
    notes: list[str] = Field(description="what the reader should know, such as a forced rung")


class ItemsAnswer(Climbed, About):
    """Which items, in which order."""

    recommendation_id: str = Field(description="for attribution: send it with later events")
    items: list[RecommendedItem]
    next_cursor: None


class InCohort(Shape):
    """A cohort that the user is in."""

    name: str
    decided_by: str = Field(description="the leaf of its rule", examples=["vip.all[1]"])


class Membership(Shape):
    """Where the user is now; null in none, or without consent to profiling."""

    rfm: str | None = Field(examples=["champions"])
    lifecycle: str | None = Field(examples=["current"])
    cluster: str | None
    cohorts: list[InCohort]


class UserAnswer(ItemsAnswer):
    """All three answers."""

    segment: str | None = Field(
        description="as of the model's snapshot, the one that rung 1 answers from; `membership` "
        "is as of now, so that the two may differ",
        examples=["rfm:champions"],
    )
    membership: Membership = Field(description="as of now, with the events since training")
    channel: Channel
    churn: Churn


class ChannelAnswer(About):
    """Which channel next."""

    channel: Channel


class ChurnAnswer(About):
    """How likely to churn."""

    churn: Churn


class Forecast(Shape):
    """What is expected of a user in the days ahead."""

    days: int = Field(examples=[30, 90, 365])
    predicted_number_of_orders: float = Field(ge=0, description="days with an order")
    predicted_clv: float = Field(ge=0)
    low: float | None = Field(description="the money itself falls into low..high, not its mean")
    high: float | None


class Value(Shape):
    """What a user was worth, and is expected to be worth; null: not known, or not allowed."""

    as_of: str | None = Field(description="the snapshot that the forecasts start from")
    historic_clv: float | None = Field(description="all orders so far less returns")
    predicted_clv: float | None = Field(description="of the longest forecast, 365 days")
    total_clv: float | None = Field(description="historic and predicted")
    predicted_number_of_orders: float | None
    average_days_between_orders: float | None
    average_order_value: float | None
    churn_probability: float | None = Field(ge=0, le=1, description="as `/churn` answers it")
    churn_horizon_days: int | None
    expected_date_of_next_order: str | None = Field(
        description="when another order is as likely as not; null: never even odds"
    )
    forecasts: list[Forecast]
    flags: list[Literal["few_users", "no_dropout_seen", "seasons_unknown"]]
    reason: str


class ValueAnswer(About):
    """What a user is worth."""

    value: Value


class BatchAnswer(Shape):
    """One answer for each user, in the order given."""

    answers: list[ItemsAnswer]
    next_cursor: None


class SimilarAnswer(Shape):
    """What the users of an item also take."""

    item_id: str
    model_version: str
    generated_at: str
    items: list[Item]
    next_cursor: None


class Segment(Shape):
    """A group of users, in figures as of training; null where fewer than 20 are behind it."""

    name: str = Field(examples=["rfm:champions"])
    users: int | None = Field(ge=0)
    suppressed: bool = Field(description="whether there are users, but fewer than 20")
    revenue_share: float | None = Field(description="of all money so far")
    churn: float | None = Field(description="mean probability of its active users")
    repurchase: float | None = Field(
        description="of those in it one period ago, the share that came back within the period"
    )
    typical: list[str] = Field(description="of a content cluster: what sets it apart")


class Transition(Shape):
    """How many went from one stage of life to another within the last period."""

    before: str | None = Field(description="null: never active until then")
    now: str = Field(examples=["current"])
    users: int | None = Field(description="null: fewer than 20")


class SegmentsAnswer(Shape):
    """All segments."""

    model_version: str
    counted: str = Field(description=COUNTED)
    as_of: str = Field(description="of the snapshot: the end of the training data")
    period_days: int = Field(description="of the lifecycle: the usage interval")
    items: list[Segment]
    no_clusters: str | None = Field(description="why there are no content clusters")
    transitions: list[Transition]
    cohorts: list[str] = Field(description="of segments.cohorts_file")
    next_cursor: None


class SegmentAnswer(Segment):
    """One segment."""

    model_version: str
    counted: str = Field(description=COUNTED)
    as_of: str = Field(description="of the snapshot: the end of the training data")
    period_days: int


class Leaf(Shape):
    """A leaf of a rule, and how many users it let in and kept out."""

    leaf: str = Field(examples=["rule.all[0]"])
    admitted: int | None = Field(description=WITHHELD)
    refused: int | None = Field(description=WITHHELD)


class AudiencePreview(Shape):
    """How many would be in an audience."""

    model_version: str
    counted: str = Field(description="who can be in the figures")
    users: int | None = Field(description=f"who belong; {WITHHELD}")
    reachable: int | None = Field(
        description=f"who granted marketing, on the channel if one; {WITHHELD}"
    )
    of: int = Field(description="known users")
    looked_at: int
    estimated: bool = Field(description="scaled up from a sample")
    decided_by: list[Leaf]


class SegmentItemsAnswer(Climbed):
    """Which items for anybody in a segment."""

    segment: str
    recommendation_id: str
    model_version: str
    generated_at: str
    notes: list[str]
    items: list[RecommendedItem]
    next_cursor: None


class SegmentUsage(Shape):
    """How often the users of a segment come back."""

    segment: str = Field(examples=["rfm:champions"])
    days: float | None = Field(description="80 % of repeaters usually come back within; or null")
    survival_days: float | None = Field(description="the same with open gaps counted as open")
    repeaters: int = Field(ge=0)
    shrunk: bool = Field(description="whether few repeaters made `days` lean on everybody")


class UsageIntervalAnswer(Shape):
    """How often users come back, and how far ahead churn looks."""

    model_version: str
    critical_kind: str = Field(examples=["purchase"])
    horizon_days: int
    active_days: int
    days: float | None
    survival_days: float | None
    repeaters: int = Field(ge=0)
    items: list[SegmentUsage]
    next_cursor: None


class ConsentLine(Shape):
    """One line of the ledger."""

    purpose: Literal["marketing", "profiling"]
    channel: str = Field(description="of marketing; empty for profiling", examples=["email"])
    state: Literal["granted", "denied"]
    at: str
    basis: str = Field(examples=["consent"])
    source: str = Field(examples=["newsletter form"])
    text_version: str = Field(description="of the text that was agreed to")


class ConsentAnswer(Shape):
    """What a user granted."""

    user_id: str
    profiling: bool | None = Field(description="null: nothing was said, see privacy.profiling")
    marketing: dict[str, bool] = Field(description="by channel; what was never said is denied")
    ledger: list[ConsentLine] = Field(description="all that was said, oldest arrival first")


class ErasureReceipt(Shape):
    """What was erased of a user; asked again, the same."""

    receipt_id: str
    user_id: str
    erased_at: str
    removed: dict[str, int] = Field(
        description="rows by table; `aliases`: further ids of the same person",
        examples=[{"events": 214, "users": 1, "consents": 3, "decisions": 8, "aliases": 1}],
    )


class UnmergeAnswer(Shape):
    """A merge that was undone."""

    user_id: str = Field(description="who is a user of their own again")
    former_owner: str = Field(description="who the id was one with")
    events: int = Field(description="logged under the id, and its own again")
    decisions: int


class HeldEvent(Shape):
    """An event as it was logged; null: not said."""

    event_id: str
    user_id: str
    sent_as: str = Field(description="the id under which it was sent")
    kind: str
    at: str
    item_id: str | None
    quantity: float
    value: float | None
    order_id: str | None
    channel: str | None
    ref: str | None
    pscore: float | None
    properties: dict[str, Any] | None
    simulated: bool
    source: str
    machine: bool
    anonymous: bool = Field(description="whether it was sent for a device, not for a user")
    ingested_at: str


class HeldConsent(ConsentLine):
    """One line of the ledger, and whose."""

    user_id: str


class InModel(Shape):
    """What the serving model was trained with."""

    version: str
    known: bool
    events: int = Field(ge=0, description="of those below, or of some that were pruned since")


class HeldAnswer(Shape):
    """Everything that is held on a user."""

    user_id: str
    exported_at: str
    erased_at: str | None = Field(description="null: not erased")
    former_ids: list[str] = Field(description="further ids that are the same person")
    traits: dict[str, str]
    timezone: str
    events: list[HeldEvent]
    consents: list[HeldConsent]
    decisions: list[dict[str, Any]] = Field(description="as logged, with what was looked at")
    model: InModel | None = Field(description="null: no model serves")


class EventVerdict(Shape):
    """What became of one event."""

    index: int = Field(ge=0)
    verdict: Literal["accepted", "duplicate", "rejected"]
    event_id: str | None
    code: str | None = Field(examples=["future_time"])
    reason: str | None


class EventsAnswer(Shape):
    """What became of the events; what is accepted is on the disk."""

    accepted: int
    duplicate: int
    rejected: int
    events: list[EventVerdict]


class CallsAnswer(EventsAnswer):
    """The same, as Segment's clients expect it."""

    success: bool = Field(description="whether nothing was rejected but for being unused")


class ModelAnswer(Shape):
    """The model version that serves."""

    version: str
    data_until: str
    age_seconds: float
    fingerprint: str
    counts: dict[str, int]
    simulated: list[str]
    rungs: dict[str, dict[str, bool]] = Field(description="whether each rung is shipped")
    refused: str | None = Field(description="why the champion is not what serves")


class Live(Shape):
    """The process runs."""

    status: Literal["live"]


class Ready(Shape):
    """Whether this worker can answer."""

    status: Literal["ready", "not_ready"]
    why: list[str] = Field(description="what is missing")
    version: str = Field(description="of this service")
    model_version: str | None
    refused: str | None = Field(description="why the champion is not what serves")
    blas_threads: dict[str, int] = Field(description="threads of every pool; all must be 1")
    clock: str
    clock_shifted: bool = Field(description="whether the clock is not real time (demos)")


class Problem(BaseModel):
    """RFC 9457, with the facts of the problem as further members."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:recsys:problem:bad-query"])
    title: str
    status: int
    detail: str = Field(examples=["limit is '0'; allowed: a whole number from 1 to 100"])
    request_id: str
