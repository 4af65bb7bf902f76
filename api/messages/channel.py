"""Which channel next, as answers say it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from api.messages import climb
from api.messages.climb import About, Rung, RungReason, Trail
from api.messages.message import Instant, Message, Probability, told
from api.runtime.json import instant
from recsys.channel import decide
from recsys.channel.decide import ChannelChoice
from recsys.channel.send_time import SendTime as Hour
from recsys.ladder import Climb

Chance = Annotated[float, Meta(ge=-1, le=1)]


class Arm(Message, frozen=True):
    """One channel, as it stands for this user now."""

    channel: Annotated[str, Meta(examples=["email"])]
    p: Annotated[
        Chance,
        told(
            "probability of a response to one message; where rung_reason says uplift: "
            "what the message adds to the probability of the outcome over sending nothing"
        ),
    ]
    low: Chance
    high: Chance
    expected_value: Annotated[float, told("money, net of cost and of those who leave")]
    eligible: bool
    reason: str
    propensity: Annotated[Probability, told("probability of this arm in this decision")]

    @classmethod
    def of(cls, arm: decide.Arm) -> Arm:
        """Return an arm as it is told."""
        return cls(
            arm.channel, arm.p, arm.low, arm.high, arm.expected_value, arm.eligible, arm.reason,
            arm.propensity,
        )  # fmt: skip


class SendTime(Message, frozen=True):
    """The hour of the next 24 at which the message meets its receiver."""

    at: Instant
    hit: Annotated[
        Probability,
        told("P(the user's activity, or response, of that day is within 1 h)"),
    ]
    gain: Annotated[float, told("by how much that is more than at everybody's best hour")]
    confidence: Annotated[Probability, told("share of the user's own in it")]
    because: Annotated[str, Meta(examples=["from 14 own responses to email"])]

    @classmethod
    def of(cls, hour: Hour) -> SendTime:
        """Return an hour as it is told."""
        return cls(instant(hour.at), hour.hit, hour.gain, hour.confidence, hour.because)


class Channel(Message, frozen=True, kw_only=True):
    """Which channel next."""

    best: Annotated[str | None, told("`none`: send nothing", examples=["email"])]
    send_at: Annotated[str | None, told("end of the quiet hours; null: now")]
    send_time: Annotated[SendTime | None, told("null: nothing to send, or nothing known")] = None
    rung: Rung
    rung_reason: RungReason
    trail: Trail
    ranked: list[Arm]
    simulated: Annotated[bool, told("whether the messages learnt from were simulated")]
    explored: Annotated[bool, told("drawn from all eligible, not chosen for its value")] = False

    @classmethod
    def of(cls, found: Climb[ChannelChoice], hour: Hour | None, *, explain: bool) -> Channel:
        """Return which channel next, and the hour for it; `best` is null when all rungs failed."""
        choice = found.answer
        return cls(
            best=choice.best if choice else None,
            send_at=instant(choice.send_at) if choice and choice.send_at is not None else None,
            send_time=SendTime.of(hour) if hour else None,
            rung=found.rung,
            rung_reason=found.reason,
            trail=climb.trail(found, explain=explain),
            ranked=[Arm.of(arm) for arm in choice.ranked] if choice else [],
            simulated=choice.simulated if choice else False,
            explored=choice.explored if choice else False,
        )


class ChannelAnswer(About, frozen=True):
    """Which channel next."""

    channel: Channel
