"""Segmentation by recency, frequency and monetary value, with names a marketer knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.data.times import DAY

NAMES = (
    "champions",
    "loyal",
    "cant_lose",
    "at_risk",
    "new",
    "promising",
    "potential_loyalist",
    "need_attention",
    "about_to_sleep",
    "hibernating",
    "lost",
)


@dataclass(frozen=True, slots=True)
class RfmScores:
    """Scores 1 (worst) to 5 (best) of every user, 0 for users without an order.

    Attributes
    ----------
    recency, frequency, monetary : int8, shape (n_users,)
        ``recency`` and ``monetary`` in quintiles; ``frequency`` is 1 for exactly one order day,
        repeaters are in quartiles 2 to 5.
    """

    recency: NDArray[np.int8]
    frequency: NDArray[np.int8]
    monetary: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class RfmCuts:
    """Where the scores change, fitted at a date and kept, so that later users are scored alike.

    Attributes
    ----------
    recency_days : float64, shape (4,)
        Ascending; at or below the first is R5.
    order_days : float64, shape (3,)
        Ascending, over repeaters; at or below the first is F2.
    value : float64, shape (4,)
        Ascending; at or below the first is M1.
    """

    recency_days: NDArray[np.float64]
    order_days: NDArray[np.float64]
    value: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RfmFacts:
    """What is scored, per user; `order_days` is 0 for users without an order.

    Attributes
    ----------
    recency_days : float64, shape (n_users,)
        Days since the last order; infinite without one.
    order_days : int64, shape (n_users,)
        Distinct days with an order.
    value : float64, shape (n_users,)
        Money of all orders.
    """

    recency_days: NDArray[np.float64]
    order_days: NDArray[np.int64]
    value: NDArray[np.float64]


def facts(interactions: Interactions, *, at: int) -> RfmFacts:
    """Return recency, order days and value of every user as of `at`.

    Pass interactions of the critical kind, strictly before `at` (microseconds).
    """
    return facts_of(interactions.at, interactions.value, interactions.indptr, at=at)


def facts_of(
    at_of: NDArray[np.int64],
    value: NDArray[np.float64],
    indptr: NDArray[np.int64],
    *,
    at: int,
) -> RfmFacts:
    """Return what :func:`facts` does, of events as columns.

    Parameters
    ----------
    at_of : int64, shape (n_events,)
        When each event happened, strictly before `at`; grouped by user, oldest first.
    value : float64, shape (n_events,)
        Money of each.
    indptr : int64, shape (n_users + 1,)
        Where each user's events start.
    at : int
        Microseconds since the epoch.
    """
    n_users = len(indptr) - 1
    user_row = np.repeat(np.arange(n_users), np.diff(indptr))
    day = at_of // DAY
    first_of_day = np.ones(len(day), bool)
    first_of_day[1:] = (np.diff(day) != 0) | (np.diff(user_row) != 0)
    last = np.full(n_users, -np.inf)
    ends = indptr[1:][np.diff(indptr) > 0] - 1
    last[user_row[ends]] = at_of[ends]
    return RfmFacts(
        recency_days=(at - last) / DAY,
        order_days=np.bincount(user_row[first_of_day], minlength=n_users),
        # without rows, bincount forgets that these are floats
        value=np.bincount(user_row, value, minlength=n_users).astype(np.float64),
    )


def fit(facts: RfmFacts) -> RfmCuts:
    """Return the quantile cuts over users with an order; needs no minimum, cuts may coincide."""
    some = facts.order_days > 0
    repeaters = facts.order_days > 1
    return RfmCuts(
        recency_days=_quantiles(facts.recency_days[some], 5),
        order_days=_quantiles(facts.order_days[repeaters].astype(np.float64), 4),
        value=_quantiles(facts.value[some], 5),
    )


def score(facts: RfmFacts, cuts: RfmCuts) -> RfmScores:
    """Return the scores of users by the given cuts."""
    recency = 5 - np.searchsorted(cuts.recency_days, facts.recency_days)
    frequency = np.where(
        facts.order_days > 1, 2 + np.searchsorted(cuts.order_days, facts.order_days), 1
    )
    monetary = 1 + np.searchsorted(cuts.value, facts.value)
    some = facts.order_days > 0
    return RfmScores(
        *(np.where(some, s, 0).astype(np.int8) for s in (recency, frequency, monetary))
    )


def segment(scores: RfmScores) -> NDArray[np.int8]:
    """Return the segment of every user as an index into ``NAMES``, -1 without an order.

    The first rule that matches names the segment.
    """
    return _MAP[scores.recency, scores.frequency]


def _named(r: NDArray[np.int8], f: NDArray[np.int8]) -> NDArray[np.int8]:
    rules = (
        (r == 5) & (f >= 4),
        (r >= 3) & (f >= 4),
        (r <= 2) & (f == 5),
        (r <= 2) & (f >= 3),
        (r == 5) & (f == 1),
        (r == 4) & (f == 1),
        r >= 4,
        (r == 3) & (f == 3),
        r == 3,
        r == 2,
        r == 1,
    )
    choices = [np.int8(index) for index in range(len(rules))]
    conditions = [(r > 0) & rule for rule in rules]
    return np.select(conditions, choices, default=np.int8(-1)).astype(np.int8)


# The rules once for each pair of scores: looking a pair up is what a request waits for.
_MAP = _named(*np.indices((6, 6), np.int8))


def _quantiles(values: NDArray[np.float64], parts: int) -> NDArray[np.float64]:
    if not len(values):
        return np.zeros(parts - 1)
    return np.quantile(values, np.arange(1, parts) / parts)
