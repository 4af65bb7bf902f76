"""A measured figure and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    Efron & Tibshirani 1993, chapter 13. Means of resamples are drawn through multinomial counts
    of the *distinct* figures, exactly the same distribution at a fraction of the work.
    """
    n = len(per_unit)
    if n < 2:
        return None
    distinct, counts = np.unique(per_unit, return_counts=True)
    rng = np.random.default_rng(seed)
    draws = max(1, 4_000_000 // len(distinct))
    means = np.concatenate(
        [
            rng.multinomial(n, counts / n, size=min(draws, resamples - done)) @ distinct / n
            for done in range(0, resamples, draws)
        ]
    )
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Estimate(value=float(per_unit.mean()), low=float(low), high=float(high), n=n)
