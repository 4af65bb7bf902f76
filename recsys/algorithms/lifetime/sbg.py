"""Shifted-beta-geometric: how long contracts last.

Every user renews each period with a probability of their own, and these are Beta distributed, so
that a cohort's retention rises as those who leave easily have left. Fader & Hardie 2007, "How to
project customer retention", Journal of Interactive Marketing 21(1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.errors import NothingToLearnFrom

Floats = NDArray[np.float64]

BOUND = 12.0


@dataclass(frozen=True, slots=True)
class Sbg:
    """The fitted model.

    Attributes
    ----------
    gamma, delta : float
        Of the Beta distribution of the probability to leave in a period.
    """

    gamma: float
    delta: float

    def retention(self, n_periods: int) -> Floats:
        """Return the share of survivors that renews, per period, float64, shape (n_periods,)."""
        period = np.arange(1, n_periods + 1)
        rate: Floats = (self.delta + period - 1) / (self.gamma + self.delta + period - 1)
        return rate

    def survival(self, n_periods: int) -> Floats:
        """Return the share left after 0, 1, … periods, float64, shape (n_periods + 1,)."""
        survival: Floats = np.append(1.0, np.cumprod(self.retention(n_periods)))
        return survival


def fit(left: Sequence[int]) -> Sbg:
    """Return the most likely parameters of one cohort.

    Parameters
    ----------
    left : sequence of int
        Users left after 0, 1, … periods; never rising.

    Raises
    ------
    NothingToLearnFrom
        Fewer than two periods, or nobody left or left over: any rate would do.
    """
    from scipy.optimize import minimize

    counts = np.asarray(left, np.float64)
    if len(counts) < 3:
        raise NothingToLearnFrom("periods", found=max(len(counts) - 1, 0), needed=2)
    lost = -np.diff(counts)
    if not lost.sum() > 0:
        raise NothingToLearnFrom("users who left", found=0, needed=1)
    best = minimize(
        _loss,
        np.zeros(2),
        args=(lost / counts[0], counts[-1] / counts[0]),
        method="L-BFGS-B",
        bounds=[(-BOUND, BOUND)] * 2,
        options={"ftol": 1e-14, "gtol": 1e-8},
    )
    return Sbg(*np.exp(best.x).tolist())


def _loss(logs: Floats, lost: Floats, stayed: float) -> float:
    """Return the negative log-likelihood (appendix of the paper) per user."""
    survival = Sbg(*np.exp(logs).tolist()).survival(len(lost))
    gone = np.maximum(-np.diff(survival), 1e-300)
    return -float(lost @ np.log(gone) + stayed * np.log(survival[-1]))
