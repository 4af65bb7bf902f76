"""Which channel next, and when."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from api.messages.message import Instant, Message, Probability, instant_or_none, told
from api.messages.reasons import Reason as Given
from api.messages.reasons import why
from api.messages.trail import Rung, RungReason, Trail, climbed
from api.runtime.json import instant
from recsys.channel.choice import ChannelChoice, RankedArm
from recsys.channel.send_time import SendHour
from recsys.ladder import Climb

Chance = Annotated[float, Meta(ge=-1, le=1)]


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


def _arm(arm: RankedArm, *, explain: bool) -> ChannelArm:
    channel, p, low, high, value, eligible, reason, pscore = arm
    given = why(reason) if explain else None
    return ChannelArm(channel, p, low, high, value, eligible, str(reason), pscore, pscore, given)


def _send_time(hour: SendHour, *, explain: bool) -> SendTime:
    at, hit, gain, confidence, because = hour
    given = why(because) if explain else None
    return SendTime(instant(at), hit, gain, confidence, str(because), given)
