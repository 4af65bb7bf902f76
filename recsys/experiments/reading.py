"""A Bayesian reading of a lift, beside the intervals: it does not allow peeking by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtr

from recsys.evaluation.estimate import Estimate
from recsys.experiments.lift import Lift, normal_width

PRIOR_SD = 0.1
"""Relative lifts are mostly below a tenth."""


@dataclass(frozen=True, slots=True)
class BayesianReading:
    """What one believes of a relative lift, after N(0, ``PRIOR_SD``²) before.

    Attributes
    ----------
    posterior : Estimate
        Mean and 95 % of the belief.
    chance : float
        That the variant is better.
    loss : float
        Expected relative loss by choosing it.
    """

    posterior: Estimate
    chance: float
    loss: float


def reading(lift: Lift, *, prior_sd: float = PRIOR_SD) -> BayesianReading:
    """Return the belief in a relative lift: the normal posterior of a normal prior."""
    if lift.se == 0:
        mean, sd = lift.value, 0.0
    else:
        weight = prior_sd**2 / (prior_sd**2 + lift.se**2)
        mean, sd = weight * lift.value, math.sqrt(weight) * lift.se
    half = normal_width(0.05) * sd
    if sd == 0:
        return BayesianReading(Estimate(mean, mean, mean, lift.n), float(mean > 0), max(0.0, -mean))
    z = mean / sd
    density = math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    loss = sd * density - mean * float(ndtr(-z))
    return BayesianReading(Estimate(mean, mean - half, mean + half, lift.n), float(ndtr(z)), loss)
