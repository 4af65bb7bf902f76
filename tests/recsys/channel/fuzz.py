"""Fuzzed decisions over ten arms, and what must never happen, told apart from how it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from recsys.channel.choice import ChannelChoice
from recsys.channel.eligibility import ChannelQuery
from recsys.channel.exploration import ExplorationDraw
from recsys.channel.hyper import MomentEffects
from recsys.channel.models import ChannelModels
from recsys.channel.one_to_one import PersonalResponse
from recsys.channel.popular import GlobalResponse
from recsys.channel.response import Rates
from recsys.channel.segment import SegmentResponse
from recsys.channel.terms import NONE, ChannelTerms, Terms
from recsys.channel.uplift import Uplift
from recsys.data.person import Context, Person
from recsys.data.times import DAY, HOUR
from recsys.ladder import Ladder
from tests.recsys.channel.cases import MONDAY_NOON

N_ARMS, N_USERS, EPSILON = 10, 500, 0.05
ZONES = ("", "UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
TERMS = Terms(
    channels=tuple(
        ChannelTerms(f"arm{n}", cost=0.002 * n, cap_per_week=1 + n % 3, quiet_hours=n % 4 != 0)
        for n in range(N_ARMS)
    ),
    default_arm="arm0",
    response_value=1.0,
    unsubscribe_cost=1.0,
    quiet_from_hour=21,
    quiet_until_hour=8,
    timezone="Europe/London",
    gate_error=0.05,
    confidence=0.95,
)


def ladder() -> Ladder[ChannelQuery, ChannelChoice]:
    """Return four rungs of ten arms and 500 users."""
    return models(TERMS).ladder({})


def models(terms: Terms) -> ChannelModels:
    """Return what was fitted of ten arms and 500 users."""
    rng = np.random.default_rng(1)
    sent = rng.integers(0, 30, (N_USERS, N_ARMS)).astype(np.float32)
    return ChannelModels(
        terms=terms,
        popular=GlobalResponse(
            response=Rates(rng.uniform(0.02, 0.1, N_ARMS), np.full(N_ARMS, 5_000.0)),
            unsubscribe=Rates(np.full(N_ARMS, 0.002), np.full(N_ARMS, 5_000.0)),
            messages=50_000,
        ),
        segment=SegmentResponse(
            names=("a", "b"),
            response=Rates(rng.uniform(0.02, 0.1, (2, N_ARMS)), np.full((2, N_ARMS), 1_000.0)),
            kappa=np.full(N_ARMS, 100.0),
        ),
        personal=PersonalResponse(
            sent=sent,
            responded=(sent * rng.uniform(0, 0.3, sent.shape)).astype(np.float32),
            received=sent.sum(axis=1).astype(np.int32),
            kappa=np.full(N_ARMS, 20.0),
        ),
        moment=MomentEffects(rng.normal(0, 0.2, (N_ARMS, 24)), np.full(N_ARMS, -0.1)),
        simulated=True,
    )


def models_of_uplift(terms: Terms) -> ChannelModels:
    """Return the same, deciding by what a message adds, which may be less than nothing."""
    rng = np.random.default_rng(2)
    return replace(
        models(terms),
        uplift=Uplift(
            outcome="purchase",
            window_days=7.0,
            value=2.0,
            decisions=20_000,
            names=("a", "b"),
            mean=rng.normal(0.01, 0.02, (3, N_ARMS)),
            sd=rng.uniform(0.001, 0.02, (3, N_ARMS)),
        ),
    )


def people(n: int, *, seed: int) -> Iterator[tuple[Person, ChannelQuery]]:
    """Yield people at any hour, in any zone, with any consents and messages, each with a lot."""
    rng = np.random.default_rng(seed)
    names = np.array(TERMS.names)
    for number in range(n):
        at = MONDAY_NOON + int(rng.integers(365 * DAY))
        granted = names[rng.random(N_ARMS) < rng.random()].tolist()
        lately = rng.integers(0, 14 * DAY, (N_ARMS, 4)) * (rng.random((N_ARMS, 4)) < 0.3)
        sent = {
            name: tuple(sorted(at - ago for ago in row if ago))
            for name, row in zip(TERMS.names, lately.tolist(), strict=True)
        }
        who = int(rng.integers(2 * N_USERS))
        person = Person(
            user_id=f"u{who}",
            at=at,
            user_row=who if who < N_USERS else None,
            segment_row=int(rng.integers(-1, 2)),
            profiling=bool(rng.random() < 0.95),
            channels=frozenset(granted),
            messages=sent,
            context=Context(timezone=ZONES[int(rng.integers(len(ZONES)))]),
        )
        yield person, ChannelQuery(lot=ExplorationDraw(f"d{seed}-{number}", EPSILON, 7))


def wrongs(person: Person, choice: ChannelChoice) -> list[str]:
    """Return what is wrong with a choice: consent, cap, quiet hours, probabilities."""
    found = []
    if choice.best != NONE:
        channel = TERMS.channels[TERMS.names.index(choice.best)]
        at = person.at if choice.send_at is None else choice.send_at
        zone = ZoneInfo(person.context.timezone or TERMS.timezone)
        hour = datetime.fromtimestamp(at / 1e6, UTC).astimezone(zone).hour
        week = [sent for sent in person.messages[choice.best] if at - 7 * 24 * HOUR < sent <= at]
        if choice.best not in person.channels:
            found.append("without consent")
        if len(week) >= channel.cap_per_week:
            found.append("above the cap")
        if channel.quiet_hours and (hour >= 21 or hour < 8):
            found.append("in quiet hours")
    chances = {arm.channel: arm.pscore for arm in choice.ranked}
    if abs(sum(chances.values()) - 1) > 1e-12 or not choice.pscore > 0:
        found.append("propensities that are none")
    if any(arm.pscore and not arm.eligible for arm in choice.ranked):
        found.append("a chance for an arm that may not be used")
    return found
