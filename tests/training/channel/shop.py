"""A small shop with simulated messages, whose truth is known."""

from __future__ import annotations

import numpy as np

from recsys.config import Channels, ChannelSection, Config, Training
from recsys.data.catalogue import Catalogue
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.times import DAY, HOUR
from training.channel.messages import messages_from_log
from training.data import TrainingData
from training.demo.messages import Simulated, simulate
from training.demo.world import World

END = 1_323_388_800_000_000  # 2011-12-09T00:00Z
CONFIG = Config(
    channels=Channels(
        arms={
            "email": ChannelSection(cost=0.002, cap_per_week=3, quiet_hours=False),
            "push": ChannelSection(cost=0.0005, attribution_days=1.0, cap_per_week=5),
            "sms": ChannelSection(cost=0.06, attribution_days=3.0, cap_per_week=3),
        },
        response_value=2.0,
        unsubscribe_cost=2.0,
    ),
    training=Training(resamples=400),
)


def shop(n_users: int = 900) -> tuple[Interactions, tuple[str, ...]]:
    """Return interactions of a year, one to ten a user, and the country of each user."""
    rng = np.random.default_rng(11)
    user = np.repeat(np.arange(n_users), rng.integers(1, 11, n_users))
    user = np.concatenate([user, [0]])
    n = len(user)
    at = END - (rng.integers(1, 365 * 24, n) * HOUR) - DAY
    at[-1] = END - 1
    interactions = Interactions.of(
        IdMap.of(f"u{n:04}" for n in range(n_users)),
        IdMap.of(["i"]),
        ("purchase",),
        user_row=user.astype(np.int32),
        events=UserEvents(
            item_row=np.zeros(n, np.int32),
            kind=np.zeros(n, np.int8),
            at=at,
            quantity=np.ones(n, np.float32),
            value=rng.gamma(2.0, 20.0, n),
        ),
    )
    abroad = rng.random(n_users) < 0.2
    return interactions, tuple(np.where(abroad, "France", "United Kingdom").tolist())


def training_data(
    world: World, *, seed: int = 1, n_users: int = 900
) -> tuple[Simulated, TrainingData]:
    """Return a simulation on the shop and what training would load of it."""
    interactions, country = shop(n_users)
    simulated = simulate(interactions, country, timezone="UTC", seed=seed, world=world)
    empty = ("",)
    return simulated, TrainingData(
        interactions=interactions,
        catalogue=Catalogue(empty, empty, empty, empty, np.ones(1, np.float32), np.ones(1, bool)),
        trait=country,
        messages=messages_from_log(simulated.events, interactions.users, CONFIG),
        watermark=0,
        fingerprint="",
    )
