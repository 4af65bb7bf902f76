"""The net promoter score, with what it is worth: few answers say little."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.estimate import Estimate

LATELY = 90
"""Days whose answers count; of each person the last one."""


@dataclass(frozen=True, slots=True)
class Nps:
    """Share of 9 and 10 less share of 0 to 6.

    Attributes
    ----------
    score : Estimate or None
        In [-1, 1], with 95 %; None without answers.
    promoters, passives, detractors : int
        People by their last answer.
    response_rate : float or None
        Answers ÷ people who were asked; None where that is not known.
    """

    score: Estimate | None
    promoters: int
    passives: int
    detractors: int
    response_rate: float | None


def nps(answers: NDArray[np.float64], *, asked: int | None = None) -> Nps:
    """Return the score of the last answers of people, 0 to 10 each, shape (n_people,)."""
    promoters, detractors = int((answers >= 9).sum()), int((answers <= 6).sum())
    n = len(answers)
    rate = n / asked if asked else None
    passives = n - promoters - detractors
    if not n:
        return Nps(None, 0, 0, 0, rate)
    p, d = promoters / n, detractors / n
    half = 1.959964 * math.sqrt((p + d - (p - d) ** 2) / n)
    score = Estimate(p - d, p - d - half, p - d + half, n)
    return Nps(score, promoters, passives, detractors, rate)


def weighted(by_segment: Mapping[str, Nps], people: Mapping[str, int]) -> Estimate | None:
    """Return the score of all people where segments answer more or less often than others.

    Segments without an answer are left out; None where no other is left.
    """
    told = {name: one.score for name, one in by_segment.items() if one.score is not None}
    whole = sum(people.get(name, 0) for name in told)
    if not whole:
        return None
    share = {name: people.get(name, 0) / whole for name in told}
    value = math.fsum(share[name] * one.value for name, one in told.items())
    var = math.fsum((share[name] * (one.high - one.value)) ** 2 for name, one in told.items())
    half = math.sqrt(var)
    return Estimate(value, value - half, value + half, sum(one.n for one in told.values()))
