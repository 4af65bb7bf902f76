"""How rewards depend on arm and features: shrunken additive tables, one an arm.

The reward of arm a is ``base + z·β_a`` with z the steps and levels of the features: an additive
table per arm. A priori ``β_a = m + δ_a`` with m ~ N(0, σ²/main) what all arms share and δ_a ~
N(0, σ²/own) what is the arm's own. Without a shared part that is a model per arm (T-learner,
Künzel et al. 2019), with one a single model with arm interactions. Either is the exact posterior
mode of a Gaussian model (Bishop 2006, section 3.3), also sensible for rewards of 0 and 1: what a
policy needs is the *mean* reward.

All that fitting needs are sums over rows, and sums of folds add up: cross-validating a whole grid
costs one pass over the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """Rows' worth of doubt: `own` on what is an arm's own; `shared` if arms have much in common."""

    own: float
    shared: bool


MAIN = 30.0
GRID = tuple(
    Shrinkage(own, shared)
    for shared in (True, False)
    for own in (10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4, 1e5)
)


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over rows, by arm: of z zᵀ, of z y, of y², and rows; y is the reward less `base`."""

    gram: NDArray[np.float64]
    cross: NDArray[np.float64]
    square: NDArray[np.float64]
    rows: NDArray[np.float64]

    def plus(self, other: Sums, *, times: float = 1.0) -> Sums:
        """Return the sums of both; of the rows without the other's where `times` is -1."""
        return Sums(
            self.gram + times * other.gram,
            self.cross + times * other.cross,
            self.square + times * other.square,
            self.rows + times * other.rows,
        )


def sums(
    design: NDArray[np.float32],
    action: NDArray[np.integer[Any]],
    y: NDArray[np.float64],
    *,
    n_arms: int,
) -> Sums:
    """Return the sums over rows, by arm."""
    width = design.shape[1]
    gram, cross = np.zeros((n_arms, width, width)), np.zeros((n_arms, width))
    square, rows = np.zeros(n_arms), np.zeros(n_arms)
    for arm in range(n_arms):
        own = np.flatnonzero(action == arm)
        square[arm], rows[arm] = y[own] @ y[own], len(own)
        for start in range(0, len(own), CHUNK):
            part = own[start : start + CHUNK]
            z = design[part].astype(np.float64)
            gram[arm] += z.T @ z
            cross[arm] += z.T @ y[part]
    return Sums(gram, cross, square, rows)


@dataclass(frozen=True, slots=True)
class Tables:
    """Fitted tables of all arms.

    Attributes
    ----------
    coefficient : float64, shape (n_arms, 1 + n_columns)
        What each column adds to the reward, by arm.
    precision : float64, shape (n_arms · (1 + n_columns),) * 2
        Of all coefficients, arm by arm, for a residual variance of 1.
    noise : float
        Residual variance of the reward.
    """

    coefficient: NDArray[np.float64]
    precision: NDArray[np.float64]
    noise: float

    def doubt(self, arm: int) -> NDArray[np.float64]:
        """Return the covariance of β_b - β_arm for every arm b, shape (n_arms, width, width)."""
        n_arms, width = self.coefficient.shape
        whole = np.linalg.inv(self.precision) * self.noise
        block = whole.reshape(n_arms, width, n_arms, width).transpose(0, 2, 1, 3)
        own = block[np.arange(n_arms), np.arange(n_arms)]
        cross = block[:, arm]
        doubt: NDArray[np.float64] = own + own[arm] - cross - cross.transpose(0, 2, 1)
        return doubt


def fit(seen: Sums, shrinkage: Shrinkage) -> Tables:
    """Return the posterior mode and precision of all coefficients."""
    n_arms, width = seen.cross.shape
    prior = np.eye(n_arms) / shrinkage.own + (1 / MAIN if shrinkage.shared else 0.0)
    system = np.einsum("ab,ij->aibj", np.linalg.inv(prior), np.eye(width))
    system[:, 0, :, 0] = np.eye(n_arms)
    arms = np.arange(n_arms)
    system[arms, :, arms, :] += seen.gram
    precision = system.reshape(n_arms * width, n_arms * width)
    coefficient = np.linalg.solve(precision, seen.cross.ravel()).reshape(n_arms, width)
    noise = squared_error(coefficient, seen) / max(1.0, seen.rows.sum())
    return Tables(coefficient, precision, noise)


def squared_error(coefficient: NDArray[np.float64], held: Sums) -> float:
    """Return the sum of squared errors on the rows behind `held`."""
    fitted = np.einsum("ai,aij,aj->", coefficient, held.gram, coefficient)
    return float(held.square.sum() - 2 * (coefficient * held.cross).sum() + fitted)


def choose(folds: Sequence[Sums]) -> Shrinkage:
    """Return the shrinkage of least squared error on held-out folds."""
    whole = total(folds)
    trained = [whole.plus(held, times=-1) for held in folds]

    def error(shrinkage: Shrinkage) -> float:
        return sum(
            squared_error(fit(seen, shrinkage).coefficient, held)
            for seen, held in zip(trained, folds, strict=True)
        )

    return min(GRID, key=error)


def total(folds: Sequence[Sums]) -> Sums:
    """Return the sums over the rows of all folds."""
    whole = folds[0]
    for held in folds[1:]:
        whole = whole.plus(held)
    return whole
