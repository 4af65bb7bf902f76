"""Simulated shops where it matters, or not, on what occasion somebody comes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.surfaces import UNSAID, Occasions
from recsys.data.times import DAY, HOUR
from tests.training.items.test_measure import KINDS, data
from training.data import TrainingData

USERS, VISITS, DAYS = 300, 8, 120
DESKTOP, MOBILE = 0, 1
NOON, EVENING = 12, 20
PURCHASE = 2


def odd(items: NDArray[np.integer]) -> NDArray[np.bool_]:
    is_odd: NDArray[np.bool_] = items % 2 == 1
    return is_odd


def visited(*, device: bool = False, hour: bool = False, seed: int = 5) -> TrainingData:
    """Return visits, half of them on mobile and half in the evening, independently.

    Everybody takes two of the ten items of one taste. Where `device` matters, nearly only odd
    items are taken on mobile and even ones on desktop; where `hour` does, odd ones in the evening
    and even ones at noon.
    """
    rng = np.random.default_rng(seed)
    rows, at, on = [], [], []
    for user in range(USERS):
        for day in np.sort(rng.choice(DAYS, size=VISITS, replace=False)).tolist():
            mobile, late = (int(each) for each in rng.integers(2, size=2))
            share = np.ones(10)
            for matters, wanted in ((device, mobile), (hour, late)):
                share *= np.where(odd(np.arange(10)) == wanted, 1.0, 0.05 if matters else 1.0)
            basket = rng.choice(10, size=2, replace=False, p=share / share.sum())
            rows += [(user, int(item) + 10 * (user % 3)) for item in basket]
            at += [day * DAY + (EVENING if late else NOON) * HOUR] * 2
            on += [mobile] * 2
    return shop(rows, at, Occasions(("desktop", "mobile"), (), *said(on)))


def said(on: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(on, np.int32), np.full(len(on), UNSAID, np.int32)


def shop(rows: list[tuple[int, int]], at: list[int], occasions: Occasions | None) -> TrainingData:
    """Return purchases given as (user, item) in order of user and time."""
    user, item = np.array(rows, np.int32).T
    plain = data([])
    table = Interactions.of(
        IdMap.of(f"u{row:03}" for row in range(USERS)),
        plain.interactions.items,
        KINDS,
        user_row=user,
        events=UserEvents(
            item_row=item,
            kind=np.full(len(item), PURCHASE, np.int8),
            at=np.array(at, np.int64),
            quantity=np.ones(len(item), np.float32),
            value=np.ones(len(item)),
        ),
    )
    return replace(plain, interactions=replace(table, occasions=occasions), trait=("",) * USERS)
