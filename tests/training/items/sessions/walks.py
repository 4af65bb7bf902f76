"""Shops in which people look at one item after another: by a rule, or by chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.times import DAY, SECOND
from tests.training.items.test_measure import KINDS, N_ITEMS, data
from training.data import TrainingData

MINUTE = 60 * SECOND
N_SESSIONS, LENGTH, DAYS = 400, 6, 120
PURCHASE = 2


def ring(rng: np.random.Generator) -> list[int]:
    """One item further at each step."""
    start = int(rng.integers(N_ITEMS - 1))
    return [(start + step) % (N_ITEMS - 1) for step in range(LENGTH)]


def noise(rng: np.random.Generator) -> list[int]:
    return [int(item) for item in rng.integers(N_ITEMS - 1, size=LENGTH)]


def walks(
    walk: Callable[[np.random.Generator], list[int]],
    *,
    apart: int = MINUTE,
    users: int = N_SESSIONS,
) -> TrainingData:
    """Return one session after the other, spread over the days, its clicks so far apart."""
    rng = np.random.default_rng(3)
    rows = [item for _ in range(N_SESSIONS) for item in walk(rng)]
    session = np.repeat(np.arange(N_SESSIONS), LENGTH)
    at = session * (DAYS * DAY // N_SESSIONS) + np.tile(np.arange(LENGTH), N_SESSIONS) * apart
    events = UserEvents(
        item_row=np.array(rows, np.int32),
        kind=np.full(len(rows), PURCHASE, np.int8),
        at=at.astype(np.int64),
        quantity=np.ones(len(rows), np.float32),
        value=np.ones(len(rows)),
    )
    plain = data([])
    interactions = Interactions.of(
        IdMap.of(f"s{row:03}" for row in range(users)),
        plain.interactions.items,
        KINDS,
        user_row=(session % users).astype(np.int32),
        events=events,
    )
    return replace(plain, interactions=interactions, trait=("",) * users)
