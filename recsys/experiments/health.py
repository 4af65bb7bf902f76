"""Whether an experiment may be read at all: an unhealthy one has no verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from recsys.evaluation.estimate import NotMeasured
from recsys.experiments.lift import absolute
from recsys.experiments.sums import Moments, Sums, plain

SRM_P = 0.001
"""Below it the counts of the variants are not what the weights say."""

FEWEST = 8
"""Units that each variant should have before its count is judged."""

BEFORE_P = 0.001
"""Over all variants, of a difference in what people did before they were exposed."""

MOST_MULTIPLE = 0.01
"""Share of people with two variants from which on too many were seen twice."""


@dataclass(frozen=True, slots=True)
class Health:
    """What speaks against reading an experiment.

    Attributes
    ----------
    srm : float or None
        p-value of the counts; None with fewer than ``FEWEST`` units expected in a variant.
    srm_trend : tuple of float
        The same at the end of each day: looked at daily, .001 becomes about .01 in four weeks.
    before : float or None
        Smallest p-value of a difference before exposure, times the comparisons.
    multiple : int
        People who had two variants; they are left out.
    people : int
        All others.
    """

    srm: float | None
    srm_trend: tuple[float, ...]
    before: float | None
    multiple: int
    people: int

    @property
    def complaints(self) -> tuple[str, ...]:
        """Why it is unhealthy; empty where it is not."""
        found = []
        if self.srm is not None and self.srm < SRM_P:
            found.append(f"sample ratio mismatch: the counts have p = {self.srm:.2g}")
        if self.before is not None and self.before < BEFORE_P:
            found.append(f"variants differed before exposure: p = {self.before:.2g}")
        if self.multiple and self.multiple >= MOST_MULTIPLE * (self.people + self.multiple):
            found.append(f"{self.multiple:,} people had two variants")
        return tuple(found)


def srm(counts: Sequence[int], weights: Sequence[float]) -> float | None:
    """Return the p-value of counts under weights that add up to 1; None with too few to tell.

    χ² = Σ(o - e)²/e with one degree of freedom less than there are variants.
    """
    if len(counts) < 2 or sum(counts) * min(weights) < FEWEST:
        return None
    expected = np.asarray(weights) * sum(counts)
    found = float((((np.asarray(counts) - expected) ** 2) / expected).sum())
    return float(chdtrc(len(counts) - 1, found))


def srm_trend(daily: Sequence[Sequence[int]], weights: Sequence[float]) -> tuple[float, ...]:
    """Return the p-value at the end of each day, of the counts of each day; 1 where untold."""
    so_far = np.cumsum(np.asarray(daily, np.int64).reshape(-1, len(weights)), axis=0)
    return tuple(1.0 if (p := srm(day.tolist(), weights)) is None else p for day in so_far)


def before(sums: Mapping[str, Sums]) -> float | None:
    """Return the smallest p-value of what variants did before, the first against each other.

    Corrected by Bonferroni; None where nobody did anything, or nothing that varied.
    """
    control, *others = (
        Moments(s.n, *_before(s)) if s.n > 1 else Moments(s.n, 0.0, 0.0) for s in sums.values()
    )
    found = [absolute(control, one) for one in others]
    told = [one.p for one in found if not isinstance(one, NotMeasured) and one.se > 0]
    return min(1.0, min(told) * len(told)) if told else None


def _before(sums: Sums) -> tuple[float, float]:
    of_x = plain(Sums(sums.n, sums.x, sums.xx))
    return of_x.mean, of_x.var
