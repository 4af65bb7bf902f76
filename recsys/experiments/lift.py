"""How much a variant differs from the control, and how far that can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

from recsys.evaluation.estimate import Estimate, NotMeasured
from recsys.experiments.sums import Moments

CLEARLY_ABOVE_ZERO = 3.0
"""Standard errors that the mean of the control is away from 0 before anything is relative to it."""

NO_BASE = "the control's mean is within 3 standard errors of 0: only the absolute difference counts"
TOO_FEW = "fewer than 2 units in a variant"


@dataclass(frozen=True, slots=True)
class Lift:
    """A difference with its standard error.

    Attributes
    ----------
    value : float
        Treated less control; relative lifts as a share: 0.1 is 10 %.
    se : float
        Standard error.
    n : int
        Units of both.
    df : float
        Degrees of freedom of Student's t; infinite: normal.
    """

    value: float
    se: float
    n: int
    df: float = math.inf

    @property
    def z(self) -> float:
        """The difference in standard errors; 0 where neither is any."""
        if self.se == 0:
            return math.copysign(math.inf, self.value) if self.value else 0.0
        return self.value / self.se

    @property
    def p(self) -> float:
        """Two-sided p-value of no difference at one look."""
        return float(2 * stdtr(self._df, -abs(self.z)))

    def within(self, widths: float) -> Estimate:
        """Return it with an interval of so many standard errors to each side."""
        half = widths * self.se
        return Estimate(self.value, self.value - half, self.value + half, self.n)

    def interval(self, *, alpha: float = 0.05) -> Estimate:
        """Return it with the interval of one look, that covers it 1 - `alpha` of the time."""
        return self.within(float(stdtrit(self._df, 1 - alpha / 2)))

    @property
    def _df(self) -> float:
        # scipy's Student at an infinite df is the normal only below some limit.
        return min(self.df, 1e10)


def absolute(control: Moments, treated: Moments) -> Lift | NotMeasured:
    """Return the difference of two means (Welch 1947)."""
    if min(control.n, treated.n) < 2:
        return NotMeasured(TOO_FEW)
    a, b = control.mean_var, treated.mean_var
    below = a**2 / (control.n - 1) + b**2 / (treated.n - 1)
    df = (a + b) ** 2 / below if below > 0 else math.inf
    return Lift(treated.mean - control.mean, math.sqrt(a + b), control.n + treated.n, df)


def relative(control: Moments, treated: Moments) -> Lift | NotMeasured:
    """Return the difference as a share of the control's mean, by the delta method.

    var(b/a) = v_b/a² + v_a·b²/a⁴, v the squared standard error of a mean.
    """
    if min(control.n, treated.n) < 2:
        return NotMeasured(TOO_FEW)
    a, b = control.mean, treated.mean
    if abs(a) <= CLEARLY_ABOVE_ZERO * math.sqrt(control.mean_var):
        return NotMeasured(NO_BASE)
    var = treated.mean_var / a**2 + control.mean_var * b**2 / a**4
    return Lift(b / a - 1, math.sqrt(var), control.n + treated.n)


def clustered(
    y: NDArray[np.float64], treated: NDArray[np.bool_], person: NDArray[np.int64]
) -> Lift | NotMeasured:
    """Return the difference of means of units of which several are one person's.

    Parameters
    ----------
    y : float64, shape (n_units,)
        Outcomes, of person-weeks for instance.
    treated : bool, shape (n_units,)
        Which units were treated; one person may have both.
    person : int64, shape (n_units,)
        Whose unit it is, from 0.

    Notes
    -----
    A difference of two ratios Σy / n, linearised per person: Σ over people of the squared sum of
    their influences (Liang & Zeger 1986, without small-sample correction but n / (n - 1)).
    """
    counts = np.array([(~treated).sum(), treated.sum()])
    people = np.unique(person)
    if counts.min() < 2 or len(people) < 2:
        return NotMeasured(TOO_FEW)
    means = np.array([y[~treated].mean(), y[treated].mean()])
    arm = treated.astype(np.int64)
    influence = np.where(treated, 1.0, -1.0) * (y - means[arm]) / counts[arm]
    of_person = np.bincount(person, weights=influence)
    var = float((of_person**2).sum()) * len(people) / (len(people) - 1)
    return Lift(float(means[1] - means[0]), math.sqrt(var), int(counts.sum()))


def normal_width(alpha: float) -> float:
    """Return how many standard errors an interval of one look goes to each side."""
    return float(ndtri(1 - alpha / 2))
