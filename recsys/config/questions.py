"""The three questions, and how their models are made and judged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from recsys.config.section import Section


class ItemModel(Section):
    """What training tries and chooses itself where it is not set here, by hand or `recsys tune`."""

    half_life_days: float = Field(0.0, ge=0, description="age at which a user's event counts half")
    weighting: Literal["", "bm25", "cosine", "tfidf", "spectral"] = Field(
        "", description="of item neighbours"
    )
    neighbours: int = Field(0, ge=0, description="kept per item")
    factors: int = Field(0, ge=0, description="length of the vectors of the factorisation (ALS)")
    alpha: float = Field(0.0, ge=0, description="ALS: confidence is 1 + alpha times the weight")
    regularization: float = Field(0.0, ge=0, description="ALS: penalty on large factors")


class Items(Section):
    """The question: which items, in which order."""

    relevant_kind: str = Field(
        "", description="what a good list leads to; empty: the strongest kind with enough rows"
    )
    test_days: int = Field(30, ge=1, description="held-out days at the end that judge the rungs")
    half_life_days: float = Field(
        0.0, ge=0, description="age at which popularity counts half; 0: what training finds best"
    )
    segment_shrinkage: float = Field(200.0, ge=0, description="users' worth of the rung below")
    taste_segments: int = Field(
        32, ge=0, description="most segments by taste that rung 1 may go by; 0: none"
    )
    min_history: int = Field(2, ge=1, description="distinct items a user needs for 1:1")
    ready_items: int = Field(100, ge=1, description="length of the lists made at training")
    at_k: int = Field(20, ge=1, description="length of the lists that are judged")
    new_item_places: int = Field(
        1, ge=0, description="last places of a list of 10 or more, for items nobody has taken yet"
    )
    session_gap_minutes: float = Field(30.0, gt=0, description="a longer silence ends a session")
    model: ItemModel = ItemModel()


class RetentionOffer(Section):
    """What keeping a user costs and earns, in one currency: it decides who is at low risk."""

    worth: float = Field(200.0, gt=0, description="of a user who stays")
    offer: float = Field(10.0, ge=0, description="cost of an offer that is taken")
    contact: float = Field(1.0, ge=0, description="cost of addressing a user")
    stays: float = Field(
        0.3, ge=0, le=1, description="share of users about to leave who stay for the offer"
    )


class ChurnSection(Section):
    """The question: how likely to churn."""

    critical_kind: str = Field("purchase", description="the event whose absence is churn")
    horizon_days: int = Field(0, ge=0, description="days looked ahead; 0 takes it from the data")
    active_days: int = Field(0, ge=0, description="days that make a user active; 0: the horizon")
    cancel_kind: str = Field(
        "", description="the event that ends a contract; its end is churn then, not absence"
    )
    term_days: int = Field(
        0,
        ge=0,
        description="days that a start or renewal lasts; 0: until cancelled, or no contract",
    )
    test_cutoff: str = Field(
        "",
        description="day of the test snapshot (2011-09-09); empty: last closed one",
    )
    cutoffs: int = Field(8, ge=3, description="training snapshots")
    segment_shrinkage: float = Field(50.0, ge=1, description="users' worth of the base rate")
    offer: RetentionOffer = RetentionOffer()

    @field_validator("test_cutoff")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        try:
            return value and date.fromisoformat(value).isoformat()
        except ValueError:
            raise ValueError("a day like 2011-09-09, or empty") from None


class ChannelSection(Section):
    """One arm of the channel question."""

    cost: float = Field(0.0, ge=0, description="money per message")
    attribution_days: float = Field(7.0, gt=0, description="responses count so long after")
    opens_count: bool = Field(
        default=False, description="whether an open is a response; what a machine opened never is"
    )
    cap_per_week: int = Field(7, ge=1, description="messages in any 7 days")
    budget_share: float = Field(
        1.0, ge=0, le=1, description="largest share of decisions; below 1 it gets a price"
    )
    quiet_hours: bool = Field(default=True, description="whether quiet hours hold for this channel")


class Channels(Section):
    """The question: which channel next."""

    arms: Mapping[str, ChannelSection] = Field(
        {
            "email": ChannelSection(cost=0.002, cap_per_week=3, quiet_hours=False),
            "push": ChannelSection(cost=0.0005, attribution_days=1.0, cap_per_week=5),
            "sms": ChannelSection(cost=0.06, attribution_days=3.0, cap_per_week=1),
        },
        description="the channels there are",
    )
    default_arm: str = Field("", description="left only for a clearly better one; empty: the first")
    currency: str = Field("", description="of costs and values, written to the decision log")
    response_value: float = Field(1.0, gt=0, description="money that one response is worth")
    outcome: str = Field(
        "",
        description="interaction to count after every decision, to send nothing too; arms are worth"
        " what they add to it where that clearly earns more; empty: responses to messages only",
    )
    outcome_value: float = Field(1.0, gt=0, description="money that one such outcome is worth")
    unsubscribe_cost: float = Field(10.0, ge=0, description="money that one unsubscribe loses")
    half_life_days: float = Field(90.0, gt=0, description="age at which a message counts half")
    quiet_from_hour: int = Field(21, ge=0, le=23, description="local hour")
    quiet_until_hour: int = Field(8, ge=0, le=23, description="local hour")
    test_days: int = Field(30, ge=1, description="held-out days at the end that judge the rungs")
    epsilon: float = Field(
        0.05, ge=0, le=1, description="share of decisions with an id that explore all arms"
    )

    epsilon_start: float = Field(
        0.10, ge=0, le=1, description="the same while an arm has few messages to learn from"
    )
    epsilon_start_messages: int = Field(
        1_000, ge=0, description="messages through every arm until epsilon holds"
    )

    @field_validator("default_arm")
    @classmethod
    def _is_an_arm(cls, name: str, before: ValidationInfo) -> str:
        arms = before.data.get("arms", ())
        if arms and name not in {*arms, "none", ""}:
            raise ValueError(f"one of the arms: {', '.join(arms)}")
        return name


class Training(Section):
    """How models are made and judged."""

    seed: int = Field(7, ge=0, description="same data, configuration and seed: same model")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of all intervals")
    resamples: int = Field(2_000, ge=100, description="bootstrap samples")
    half_width: float = Field(
        0.015,
        gt=0,
        le=0.5,
        description="half an interval around a figure of lists at its widest: no more users are"
        " drawn to judge lists than that takes",
    )
    most_pairs: int = Field(
        50_000_000,
        ge=1,
        description="pairs of user and item that item graphs and factorisations are learnt from, at"
        " least 30 an item: of more, users are drawn",
    )
    engine: Literal["", "memory", "processes", "spark"] = Field(
        "",
        description="where a run works, to the same end: `memory`, `processes`, `spark`"
        " (recsys[spark]); empty: processes from 100,000 interactions on",
    )
    spark: str = Field(
        "local[*]",
        pattern=r"^(local\[(\d+|\*)\]|spark://.+|sc://.+|k8s://.+|yarn)$",
        description="where Spark is: local[2], spark://host:7077, or sc://host:15002 (Connect)",
    )
    processes: int = Field(0, ge=0, description="of that engine; 0: as many as there are cores")
