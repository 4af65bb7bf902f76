"""A measured figure and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

SHARED_CELLS = 10_000_000
"""Resamples times units of which the counts are kept for the next figure of as many units."""
BLOCK_CELLS = 500_000
"""Resamples times units that are drawn at a time."""

ROUNDING = 1e-9
"""An interval that is this much narrower than its bounds are large is one number, rounded."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval.

    Attributes
    ----------
    value : float
        The point estimate.
    low, high : float
        Bounds of the interval.
    n : int
        Independent units (users) behind it.
    """

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"

    @property
    def has_width(self) -> bool:
        """Whether the interval tells anything: that of one figure again and again has no width."""
        return self.high - self.low > ROUNDING * max(abs(self.low), abs(self.high))

    @property
    def clearly_above(self) -> bool:
        """Whether the whole interval is above zero, and has a width."""
        return self.low > 0 and self.has_width

    @property
    def clearly_below(self) -> bool:
        """Whether the whole interval is below zero, and has a width."""
        return self.high < 0 and self.has_width


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """Why something could not be measured: never a made-up number."""

    why: str


def constant(outcome: NDArray[np.generic]) -> NotMeasured | None:
    """Return that an outcome, shape (n,), never varied; None where it does.

    Whatever was said before of an outcome that is always the same, nothing tells whether it was
    known or a constant happened to be near it.
    """
    if len(outcome) and (outcome == outcome[0]).all():
        return NotMeasured(f"all {len(outcome):,} held-out outcomes are the same")
    return None


def bootstrap_mean(
    per_unit: NDArray[np.float64],
    *,
    seed: int,
    resamples: int = 2_000,
    confidence: float = 0.95,
) -> Estimate | None:
    """Estimate the mean of one figure a unit, with a percentile bootstrap interval.

    Pass the difference of two figures of the same units for a paired comparison.

    Parameters
    ----------
    per_unit : float64, shape (n_units,)
        One figure per independent unit (user); no NaN.
    seed : int
        Same seed, same interval.
    resamples : int
        Bootstrap samples drawn.
    confidence : float
        Coverage asked for, in (0, 1).

    Returns
    -------
    Estimate or None
        None with fewer than two units: an interval cannot be measured.

    Notes
    -----
    Efron & Tibshirani 1993, chapter 13.
    """
    n = len(per_unit)
    if n < 2:
        return None
    means = bootstrap_means(per_unit, seed=seed, resamples=resamples)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Estimate(value=float(per_unit.mean()), low=float(low), high=float(high), n=n)


def units_for(half_width: float, *, confidence: float) -> int:
    """Return how many units make the interval of a share at most twice so wide.

    ``(z / 2h)²``: a figure between 0 and 1 spreads by a half at the most (Cochran 1977, 4.4); most
    spread less, and have narrower intervals.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return ceil((z / (2 * half_width)) ** 2)


def bootstrap_means(
    per_unit: NDArray[np.float64], *, seed: int, resamples: int
) -> NDArray[np.float64]:
    """Return the mean of each bootstrap sample of some figures, float64, shape (resamples,)."""
    n = len(per_unit)
    blocks = resampled(n, seed=seed, resamples=resamples)
    return np.concatenate([block.astype(np.float64) @ per_unit for block in blocks]) / n


def resampled(n: int, *, seed: int, resamples: int) -> Iterator[NDArray[np.uint8]]:
    """Yield how often each of `n` units is in each bootstrap sample, blocks of shape (m, n).

    The same for all figures of as many units: what a few of them cost, the others take for nothing.
    """
    shared = n * resamples <= SHARED_CELLS
    yield from (_shared if shared else _drawn)(n, seed, resamples)


@lru_cache(maxsize=16)
def _shared(n: int, seed: int, resamples: int) -> tuple[NDArray[np.uint8], ...]:
    return tuple(_drawn(n, seed, resamples))


def _drawn(n: int, seed: int, resamples: int) -> Iterator[NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    size = max(1, BLOCK_CELLS // n)
    for start in range(0, resamples, size):
        rows = min(size, resamples - start)
        cell = rng.integers(n, size=(rows, n)) + np.arange(rows)[:, None] * n
        counts = np.bincount(cell.ravel(), minlength=rows * n).reshape(rows, n)
        # One unit is never drawn more than 255 times: of 256 units the chance is 10 ** -507.
        yield counts.astype(np.uint8)
