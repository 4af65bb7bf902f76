"""A simulated shop whose decisions were drawn, and what its buyers would have done anyway."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.channel.messages import Messages
from recsys.config import Channels, ChannelSection, Config, Training
from recsys.data.catalogue import Catalogue
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.times import DAY, HOUR
from training.data import TrainingData
from training.randomised_log import Drawn, Happenings, followed

START = 1_309_521_600_000_000  # 2011-07-01T12:00Z
DAYS, WINDOW, COST = 100, 7 * DAY, 0.15
SURE, OPEN = "rfm:champions", "rfm:lost"
EMAIL, PUSH, NOTHING = range(3)


@dataclass(frozen=True)
class Truth:
    """Purchase within a week by group (sure things, others) and arm: e-mail, push, nothing."""

    buys: tuple[tuple[float, float, float], ...] = ((0.5, 0.5, 0.5), (0.4, 0.1, 0.05))
    clicks: tuple[float, float] = (0.5, 0.3)
    cost: float = COST
    share: tuple[float, float, float] = (0.6, 0.2, 0.2)
    seed: int = 1
    users: int = 2_000

    @property
    def config(self) -> Config:
        arms = {"email": ChannelSection(cost=self.cost), "push": ChannelSection(cost=self.cost)}
        section = Channels(arms=arms, unsubscribe_cost=0.0, outcome="purchase", default_arm="email")
        return Config(channels=section, training=Training(resamples=400))

    def worth(self, arm_of_sure: int, arm_of_open: int) -> float:
        """Return what a policy by group truly earns a decision."""
        cost = (self.cost, self.cost, 0.0)
        sure, others = self.buys[0][arm_of_sure], self.buys[1][arm_of_open]
        return (sure - cost[arm_of_sure] + others - cost[arm_of_open]) / 2


def shop(truth: Truth) -> TrainingData:
    """Return what training would load: a decision every ten days, half of all users sure things."""
    rng = np.random.default_rng(truth.seed)
    users = IdMap.of(f"u{n:05}" for n in range(truth.users))
    user = np.tile(np.arange(truth.users, dtype=np.int32), DAYS // 10)
    at = START + np.repeat(np.arange(DAYS // 10), truth.users) * 10 * DAY
    at += rng.integers(0, DAY, len(at))
    group = user % 2
    arm = rng.choice(3, len(user), p=truth.share).astype(np.int8)
    bought = rng.random(len(user)) < np.array(truth.buys)[group, arm]
    clicked = rng.random(len(user)) < np.array(truth.clicks)[group]
    interactions = _bought(users, user[bought], (at + DAY)[bought])
    draws = [
        Drawn(users[u], when, (SURE, OPEN)[u % 2], a, truth.share)
        for u, when, a in zip(user.tolist(), at.tolist(), arm.tolist(), strict=True)
    ]
    empty = ("",)
    return TrainingData(
        interactions=interactions,
        catalogue=Catalogue(empty, empty, empty, empty, np.ones(1, np.float32), np.ones(1, bool)),
        trait=("",) * truth.users,
        messages=_sent(user, at, arm, clicked, truth),
        watermark=0,
        fingerprint="",
        randomised=followed(
            draws,
            users,
            Happenings(interactions.user_row, interactions.at),
            Happenings(np.empty(0, np.int32), np.empty(0, np.int64)),
            window=WINDOW,
            until=START + (DAYS + 8) * DAY,
        ),
    )


def _bought(users: IdMap, user: NDArray[np.int32], at: NDArray[np.int64]) -> Interactions:
    n = len(user)
    return Interactions.of(
        users,
        IdMap.of(["i"]),
        ("purchase",),
        user_row=user,
        events=UserEvents(
            np.zeros(n, np.int32), np.zeros(n, np.int8), at, np.ones(n, np.float32), np.ones(n)
        ),
    )


def _sent(
    user: NDArray[np.int32],
    at: NDArray[np.int64],
    arm: NDArray[np.int8],
    clicked: NDArray[np.bool_],
    truth: Truth,
) -> Messages:
    sent = np.flatnonzero(arm != NOTHING)
    sent = sent[np.argsort(at[sent], kind="stable")]
    chance = np.array(truth.share[:NOTHING]) / (1 - truth.share[NOTHING])
    return Messages(
        channels=("email", "push"),
        user_row=user[sent],
        channel=arm[sent],
        at=at[sent],
        local_hour=(at[sent] // HOUR % 24).astype(np.int8),
        pscore=chance[arm[sent]].astype(np.float32),
        responded=clicked[sent],
        unsubscribed=np.zeros(len(sent), bool),
        simulated=True,
    )
