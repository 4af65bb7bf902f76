"""Small fitted values that many tests of the channel question start from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from msgspec import structs

from recsys.channel.hyper import MomentEffects
from recsys.channel.messages import Messages
from recsys.channel.models import ChannelModels
from recsys.channel.one_to_one import PersonalResponse
from recsys.channel.popular import GlobalResponse
from recsys.channel.response import Rates
from recsys.channel.segment import SegmentResponse
from recsys.channel.terms import ChannelTerms, Terms
from recsys.data.person import Person
from recsys.data.times import DAY, HOUR

MONDAY_NOON = 1_700_481_600_000_000  # 2023-11-20T12:00Z
MIDNIGHT = MONDAY_NOON + 12 * HOUR

TERMS = Terms(
    channels=(
        ChannelTerms("email", cost=0.0, cap_per_week=3, quiet_hours=False),
        ChannelTerms("push", cost=0.0, cap_per_week=5, quiet_hours=True),
        ChannelTerms("sms", cost=0.05, cap_per_week=1, quiet_hours=True),
    ),
    default_arm="email",
    response_value=1.0,
    unsubscribe_cost=0.0,
    quiet_from_hour=21,
    quiet_until_hour=8,
    timezone="UTC",
    gate_error=0.05,
    confidence=0.95,
)
ALL = frozenset({"email", "push", "sms"})


def messages(
    *rows: tuple[int, int, float, bool],
    channels: tuple[str, ...] = ("email", "push", "sms"),
    simulated: bool = False,
) -> Messages:
    """Return messages of rows (user_row, channel, days after the first, responded), at noon."""
    user, channel, days, responded = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Messages(
        channels=channels,
        user_row=np.array(user, np.int32),
        channel=np.array(channel, np.int8),
        at=(np.array(days, np.float64) * DAY).astype(np.int64) + MONDAY_NOON,
        local_hour=np.full(len(user), 12, np.int8),
        pscore=np.full(len(user), 1 / 3, np.float32),
        responded=np.array(responded, bool),
        unsubscribed=np.zeros(len(user), bool),
        simulated=simulated,
    )


def rates(*mean: float, weight: float) -> Rates:
    """Return posteriors of the given means, all of one weight."""
    return Rates(np.array(mean), np.full(len(mean), weight))


def models(*, gate_error: float = 0.05, weight: float = 10_000.0) -> ChannelModels:
    """Return models in which everybody prefers push, segment 1 SMS, and user 0 e-mail.

    In the evening the odds of a response to push are a tenth.
    """
    hour = np.zeros((3, 24))
    hour[1, 18:] = np.log(0.1)
    return ChannelModels(
        terms=replace(TERMS, gate_error=gate_error),
        popular=GlobalResponse(
            response=rates(0.05, 0.10, 0.08, weight=weight),
            unsubscribe=rates(0.001, 0.001, 0.001, weight=weight),
            messages=1_000,
        ),
        segment=SegmentResponse(
            names=("rfm:champions", "rfm:lost"),
            response=Rates(
                mean=np.array([[0.05, 0.10, 0.08], [0.05, 0.10, 0.40]]),
                weight=np.full((2, 3), weight),
            ),
            kappa=np.full(3, 200.0),
        ),
        personal=PersonalResponse(
            sent=np.array([[90, 90, 90], [0, 0, 0]], np.float32),
            responded=np.array([[60, 9, 7], [0, 0, 0]], np.float32),
            received=np.array([270, 0], np.int32),
            kappa=np.full(3, 10.0),
        ),
        moment=MomentEffects(hour=hour, fatigue=np.full(3, -0.3)),
        simulated=True,
    )


def person(**facts: object) -> Person:
    """Return user 0 of segment 0 at noon, who granted all channels, but for `facts`."""
    usual = Person("u", MONDAY_NOON, user_row=0, segment_row=0, channels=ALL)
    return structs.replace(usual, **facts)
