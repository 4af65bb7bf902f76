"""The answer: how likely a user is to churn, how sure one can be, and what speaks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from recsys.churn.bands import Band, Bands
from recsys.churn.features import GROUPS, SIGNAL_GROUPS, groups_of
from recsys.churn.snapshot import PLACE

_LEAD = np.array([PLACE[group.lead] for group in (*GROUPS, *SIGNAL_GROUPS)])
_STARTS = np.cumsum([0, *(len(group.features) for group in (*GROUPS, *SIGNAL_GROUPS))])[:-1]


@dataclass(frozen=True, slots=True)
class ChurnQuery:
    """What is asked.

    Attributes
    ----------
    max_reasons : int
        Most reasons for, and most reasons against.
    """

    max_reasons: int = 3


class RiskReason(NamedTuple):
    """One thing that raises or lowers the risk, in words.

    Attributes
    ----------
    group : str
        Key of the feature group (``recency``, ``rhythm``…).
    words : str
        What was seen of this user.
    contribution : float
        Added log-odds against the average user; positive raises the risk.
    """

    group: str
    words: str
    contribution: float


class ChurnRisk(Struct, frozen=True):
    """How likely a user is to do nothing within the horizon.

    Attributes
    ----------
    p : float
        Probability of no critical event in the next `horizon_days`.
    low, high : float
        Interval of `p`: sampling of users, and how much the level moved between cut-offs.
    percentile : float
        Percentage of the known active users whose `p` (as the same rung sees them) is below this
        one, ties counting half; in [0, 100]. A rung that says the same of everyone says 50.
    score : int
        The percentile, rounded to a whole number.
    bands : Bands
        What `p` is held against: the rate of everybody, and the cost of acting.
    horizon_days : int
        How far ahead.
    reasons : tuple of RiskReason
        What raises and what lowers the risk, strongest first. Empty where a rung knows nothing
        of the user.
    """

    p: float
    low: float
    high: float
    percentile: float
    score: int
    bands: Bands
    horizon_days: int
    reasons: tuple[RiskReason, ...] = ()

    @classmethod
    def of(
        cls,
        interval: Sequence[float],
        percentile: float,
        horizon_days: int,
        bands: Bands,
        reasons: tuple[RiskReason, ...] = (),
        *,
        max_reasons: int = 0,
    ) -> ChurnRisk:
        """Return the risk of (p, low, high); `reasons` in any order."""
        (p, low, high), rank = map(float, interval), float(percentile)
        if reasons:
            added = np.array([[one.contribution for one in reasons]])
            reasons = tuple(reasons[place] for place in _strongest(added, max_reasons)[0])
        return cls(p, low, high, rank, round(rank), bands, horizon_days, reasons)

    @property
    def reasons_for(self) -> tuple[RiskReason, ...]:
        """What raises the risk."""
        return tuple(one for one in self.reasons if one.contribution > 0)

    @property
    def reasons_against(self) -> tuple[RiskReason, ...]:
        """What lowers the risk."""
        return tuple(one for one in self.reasons if one.contribution < 0)

    @property
    def band(self) -> Band:
        """Low, medium or high."""
        return self.bands.of(self.p, self.score)


def reasons(
    features: NDArray[np.float32],
    contributions: NDArray[np.float64],
    kind: str,
    *,
    most: int | None = None,
) -> list[tuple[RiskReason, ...]]:
    """Return one reason per feature group of each user, in the order of the groups.

    The contributions of all of a user's sum to those of the features.

    Parameters
    ----------
    features : float32, shape (n, n_features)
        What was seen of the users.
    contributions : float64, shape (n, n_features)
        Added log-odds of each feature, against the average user.
    kind : str
        What the critical event is called.
    most : int or None
        Only so many of the strongest for, and of the strongest against, are put into words, the
        strongest of all first.
    """
    groups = groups_of(features.shape[1])
    told = features[:, _LEAD[: len(groups)]]
    added = np.add.reduceat(contributions, _STARTS[: len(groups)], axis=1)
    chosen = [range(len(groups))] * len(added) if most is None else _strongest(added, most)
    return [
        tuple(
            RiskReason(groups[place].name, groups[place].told(values[place], kind), by[place])
            for place in places
        )
        for values, by, places in zip(told.tolist(), added.tolist(), chosen, strict=True)
    ]


def _strongest(added: NDArray[np.float64], most: int) -> list[Sequence[int]]:
    """Return the places of the `most` strongest of each sign in each row, the strongest first."""
    order = np.argsort(-np.abs(added), axis=1, kind="stable")
    ordered = np.take_along_axis(added, order, axis=1)
    kept = np.zeros(added.shape, bool)
    for same in (ordered > 0, ordered < 0):
        kept |= same & (same.cumsum(axis=1) <= most)
    return [list(compress(*row)) for row in zip(order.tolist(), kept.tolist(), strict=True)]


def probability(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of log-odds."""
    return 1 / (1 + np.exp(-logit))


def interval(
    logit: NDArray[np.float64], sd: NDArray[np.float64], *, z: float
) -> NDArray[np.float64]:
    """Return p, low and high of log-odds known up to `sd`, shape (3, n); low ≤ p ≤ high."""
    return probability(logit + np.array([[0.0], [-z], [z]]) * sd)


def percentile(p: NDArray[np.floating], among: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the percentage of `among` (ascending) below each `p`, ties counting half.

    50 when there is nobody to compare with.
    """
    if not len(among):
        return np.full(np.shape(p), 50.0)
    below = np.searchsorted(among, p, side="left") + np.searchsorted(among, p, side="right")
    return below.astype(np.float64) * (50.0 / len(among))
