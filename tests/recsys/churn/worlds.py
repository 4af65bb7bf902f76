"""Small worlds of purchases, and one in which the truth about churn is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import IdMap
from recsys.data.interactions import NO_EVENTS, Interactions, UserEvents
from recsys.data.person import NO_SEGMENT, Person
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
