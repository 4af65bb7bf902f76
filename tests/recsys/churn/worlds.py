"""Small worlds of purchases, and one in which the truth about churn is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import IdMap
from recsys.data.interactions import NO_EVENTS, Interactions, UserEvents
from recsys.data.person import NO_SEGMENT, Person
from recsys.data.signals import NUMBER, Signal, Signals, UserSignals
from recsys.data.times import DAY

KINDS = ("view", "cart", "purchase", "return")
PURCHASE = KINDS.index("purchase")


def table(
    n_users: int,
    user_row: NDArray[np.int32],
    day: NDArray[np.float64],
    kind: NDArray[np.int8] | None = None,
    value: NDArray[np.float64] | None = None,
) -> Interactions:
    """Return events at the given (fractional) days; purchases of 10 unless told otherwise."""
    n = len(day)
    return Interactions.of(
        IdMap.of(f"user-{number:05d}" for number in range(n_users)),
        IdMap.of(["item"]),
        KINDS,
        user_row=user_row.astype(np.int32),
        events=UserEvents(
            item_row=np.zeros(n, np.int32),
            kind=np.full(n, PURCHASE, np.int8) if kind is None else kind,
            at=(day * DAY).astype(np.int64),
            quantity=np.ones(n, np.float32),
            value=np.full(n, 10.0) if value is None else value,
        ),
    )


def purchases(*days_of_users: Sequence[float]) -> Interactions:
    """Return purchases of 10 at the given days, one list of days a user."""
    user_row = np.repeat(np.arange(len(days_of_users)), [len(days) for days in days_of_users])
    day = np.array([day for days in days_of_users for day in days], np.float64)
    return table(len(days_of_users), user_row.astype(np.int32), day)


def dying_world(n_users: int, n_days: int, *, seed: int) -> Interactions:
    """Return purchases of users who buy at their own pace and quit for good at random.

    Every user begins within the first half, buys every day with an own probability between 1 in
    25 and 1 in 4, and quits after each purchase with probability 5 %.
    """
    rng = np.random.default_rng(seed)
    pace = rng.uniform(0.04, 0.25, n_users)
    begins = rng.integers(0, n_days // 2, n_users)
    bought = rng.random((n_users, n_days)) < pace[:, None]
    bought &= np.arange(n_days) >= begins[:, None]
    bought[np.arange(n_users), begins] = True
    quits = bought & (rng.random((n_users, n_days)) < 0.05)
    gone = np.cumsum(quits, axis=1) - quits > 0
    user_row, day = np.nonzero(bought & ~gone)
    return table(n_users, user_row.astype(np.int32), day.astype(np.float64) + 0.5)


def person(
    past: UserEvents,
    *,
    at: int,
    row: int | None = None,
    live: UserEvents = NO_EVENTS,
    segment_row: int = NO_SEGMENT,
) -> Person:
    """Return a user with these events."""
    return Person("someone", at, user_row=row, segment_row=segment_row, past=past, live=live)


def told(*signals_of_users: Sequence[Signal]) -> Signals:
    """Return signals, one list of them a user."""
    user_row = np.repeat(np.arange(len(signals_of_users)), [len(own) for own in signals_of_users])
    every = UserSignals.as_given([one for own in signals_of_users for one in own])
    return Signals.of(user_row.astype(np.int32), every, n_users=len(signals_of_users))


def signal(kind: str, day: float, value: float = 0.0, *, known: float | None = None) -> Signal:
    """Return a signal of a day, known of at once unless told otherwise."""
    at = int(day * DAY)
    return Signal(kind, at, value, at if known is None else int(known * DAY))


def speaking_world(
    n_users: int, n_days: int, *, seed: int, matters: bool = True
) -> tuple[Interactions, Signals]:
    """Return purchases of users who quit over trouble, and what they say of it.

    As :func:`dying_world`, but 6 % of purchases bring trouble: then half of the users quit, else 2
    in 100. Over trouble 70 % open a ticket and 60 % answer 0 to 6 to how likely they recommend;
    without it 3 % and 10 %, who answer 7 to 10. Where nothing `matters`, each signal is said by a
    user drawn at random.
    """
    rng = np.random.default_rng(seed)
    pace = rng.uniform(0.04, 0.25, n_users)
    begins = rng.integers(0, n_days // 2, n_users)
    bought = rng.random((n_users, n_days)) < pace[:, None]
    bought &= np.arange(n_days) >= begins[:, None]
    bought[np.arange(n_users), begins] = True
    trouble = bought & (rng.random((n_users, n_days)) < 0.06)
    quits = bought & (rng.random((n_users, n_days)) < np.where(trouble, 0.5, 0.02))
    row, day = np.nonzero(bought & ~(np.cumsum(quits, axis=1) - quits > 0))
    bad, n = trouble[row, day], len(row)
    asked = rng.random(n) < np.where(bad, 0.6, 0.1)
    opened = rng.random(n) < np.where(bad, 0.7, 0.03)
    answer = np.where(bad, rng.integers(0, 7, n), rng.integers(7, 11, n))
    owner = np.concatenate([row[asked], row[opened]])
    at = np.concatenate([day[asked] + 1.2, day[opened] + 0.7]) * DAY
    every = UserSignals(
        kind=np.repeat(np.array([NUMBER["nps"], NUMBER["ticket"]], np.int8),
                       [asked.sum(), opened.sum()]),
        at=at.astype(np.int64),
        known_at=at.astype(np.int64),
        value=np.concatenate([answer[asked], np.ones(opened.sum())]).astype(np.float32),
    )  # fmt: skip
    if not matters:
        owner = rng.integers(0, n_users, len(owner))
    world = table(n_users, row.astype(np.int32), day.astype(np.float64) + 0.5)
    return world, Signals.of(owner.astype(np.int32), every, n_users=n_users)
