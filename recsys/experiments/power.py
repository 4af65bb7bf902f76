"""How many people, and how many days, a difference needs to be seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri

from recsys.experiments.experiment import SHORTEST_DAYS


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the primary metric of the control is expected to be, and how many people come.

    Attributes
    ----------
    mean, var : float
        Of one person within the window of the metric.
    people_a_day : float
        New people a day who would be exposed, all variants together.
    """

    mean: float
    var: float
    people_a_day: float


def per_arm(variances: tuple[float, float], difference: float, *, alpha: float = 0.05,
            power: float = 0.8) -> int:  # fmt: skip
    """Return the people an arm needs: (z(1 - alpha/2) + z(power))² (var_A + var_B) / δ².

    Parameters
    ----------
    variances : tuple of float
        Of one person, in the control and in the treated arm.
    difference : float
        Absolute, not 0.
    alpha, power : float
        Two-sided error, and chance to see a difference that is there.
    """
    needed = float(ndtri(1 - alpha / 2) + ndtri(power)) ** 2 * sum(variances) / difference**2
    return math.ceil(needed)


def people_needed(baseline: Baseline, lift: float, *, alpha: float = 0.05,
                  power: float = 0.8) -> int:  # fmt: skip
    """Return the people that each arm needs to see a relative lift of the mean.

    A rate has the variance of the rate that it becomes; anything else keeps its variance.
    """
    mean, var = baseline.mean, baseline.var
    raised = mean * (1 + lift)
    is_rate = math.isclose(var, mean * (1 - mean)) and 0 < raised < 1
    treated = raised * (1 - raised) if is_rate else var
    return per_arm((var, treated), mean * lift, alpha=alpha, power=power)


def days_needed(baseline: Baseline, people: int, *, smallest_share: float, window_days: int) -> int:
    """Return the days until each arm has so many people whose window is over, in whole weeks.

    Parameters
    ----------
    baseline : Baseline
        Who comes.
    people : int
        Wanted in each arm.
    smallest_share : float
        Of the people who come, in the smallest arm.
    window_days : int
        Days that the last of them have to be watched.
    """
    coming = baseline.people_a_day * smallest_share
    if coming <= 0:
        return 10**9
    days = max(SHORTEST_DAYS, math.ceil(people / coming) + window_days)
    return 7 * math.ceil(days / 7)


def smallest_seen(baseline: Baseline, people: int, *, alpha: float = 0.05,
                  power: float = 0.8) -> float:  # fmt: skip
    """Return the relative lift that so many people in each arm see; infinite at a mean of 0."""
    if people < 1 or baseline.mean == 0:
        return math.inf
    se = math.sqrt(2 * baseline.var / people)
    return float(ndtri(1 - alpha / 2) + ndtri(power)) * se / abs(baseline.mean)
