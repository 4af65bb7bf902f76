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
    """What each arm is worth to whom.

    Attributes
    ----------
    coefficient : float64, shape (n_arms, 1 + n_columns)
        What each column adds to the reward, by arm; the first is the mean reward of the arm.
    default : int
        The single arm that is best for all.
    """

    coefficient: NDArray[np.float64]
    default: int

    def choose(self, design: NDArray[np.float32], stakes: Stakes) -> NDArray[np.int8]:
        """Return the arm for each row, int8, shape (n,); of equals the default, then the first."""
        chosen = np.empty(len(design), np.int8)
        for start in range(0, len(design), CHUNK):
            part = slice(start, start + CHUNK)
            worth = stakes.net(design[part] @ self.coefficient.T)
            held = worth[:, self.default] >= worth.max(axis=1)
            chosen[part] = np.where(held, self.default, worth.argmax(axis=1))
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
    slope : Estimate or None
        How much of the guessed differences between people held-out rows show: 1 all, 0 none; each
        end of the interval is a one-sided bound. None where no feature makes a difference.
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
    slope: Estimate | None
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
