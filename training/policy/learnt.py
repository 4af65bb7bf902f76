"""A learnt policy: a value that says which arm for whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys.evaluation.estimate import Estimate
from training.policy.encoding import Encoding

CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Scorer:
    """What each arm is worth to whom, and how clear that is.

    Attributes
    ----------
    base : float
        Mean reward of all.
    coefficient : float64, shape (n_arms, 1 + n_columns)
        What each column adds, by arm.
    doubt : float64, shape (n_arms, 1 + n_columns, 1 + n_columns)
        Covariance of each arm's coefficients less those of the `default` arm.
    default : int
        The single arm that is best for all.
    gate : float
        Deviations by which an arm must be ahead of the default to replace it.
    """

    base: float
    coefficient: NDArray[np.float64]
    doubt: NDArray[np.float64]
    default: int
    gate: float

    def rewards(self, design: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the expected reward of every arm, float64, shape (n, n_arms)."""
        return self.base + design @ self.coefficient.T

    def lead(
        self, design: NDArray[np.float32], stakes: Stakes
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return by how much each arm is worth more than the default, and the deviation of that."""
        worth = stakes.net(self.rewards(design))
        ahead = worth - worth[:, [self.default]]
        if not self.gate:
            return ahead, np.zeros_like(ahead)
        variance = np.stack([((design @ own) * design).sum(axis=1) for own in self.doubt], axis=1)
        return ahead, stakes.value * np.sqrt(np.maximum(variance, 0.0))

    def choose(self, design: NDArray[np.float32], stakes: Stakes) -> NDArray[np.int8]:
        """Return the arm for each row, int8, shape (n,)."""
        chosen = np.empty(len(design), np.int8)
        for start in range(0, len(design), CHUNK):
            part = slice(start, start + CHUNK)
            ahead, sd = self.lead(design[part], stakes)
            # the default is ahead of itself by 0, so that it wins where no other is clearly ahead
            chosen[part] = np.where(ahead > self.gate * sd, ahead, 0.0).argmax(axis=1)
            nobody = ~(ahead > self.gate * sd).any(axis=1)
            chosen[part][nobody] = self.default
        return chosen


@dataclass(frozen=True, slots=True)
class Stakes:
    """Money a reward of 1 is worth, and what using each arm costs, shape (n_arms,)."""

    value: float
    cost: NDArray[np.float64]

    def net(self, reward: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the money left of rewards by arm, shape (n, n_arms)."""
        return self.value * reward - self.cost


@dataclass(frozen=True, slots=True)
class Policy:
    """Which arm for whom, and what held-out data said about it.

    Attributes
    ----------
    arms : tuple of str
        Names of the arms.
    encoding : Encoding
        How features become numbers.
    stakes : Stakes
        Value and costs it was learnt for.
    scorer : Scorer
        What each arm is worth to whom.
    personal : bool
        Whether the gate let it choose by person; else the default arm serves everybody.
    lift : Estimate or None
        By how much choosing by person earned more than the default arm on held-out rows; None when
        that could not be measured.
    verdict : str
        That in words.
    notes : tuple of str
        What the reader should know of the log.
    """

    arms: tuple[str, ...]
    encoding: Encoding
    stakes: Stakes
    scorer: Scorer
    personal: bool
    lift: Estimate | None
    verdict: str
    notes: tuple[str, ...]

    def choose(self, features: pl.DataFrame) -> NDArray[np.int8]:
        """Return the arm for each row, int8, shape (n,)."""
        if not self.personal:
            return np.full(len(features), self.scorer.default, np.int8)
        return self.scorer.choose(self.encoding.design(features), self.stakes)

    def propensities(
        self, features: pl.DataFrame, *, epsilon: float = 0.0
    ) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Return the greedy arms and π(a) = (1-ε)·1[greedy] + ε/K, shape (n, n_arms)."""
        greedy = self.choose(features)
        n_arms = len(self.arms)
        spread = np.full((len(greedy), n_arms), epsilon / n_arms)
        spread[np.arange(len(greedy)), greedy] += 1 - epsilon
        return greedy, spread
