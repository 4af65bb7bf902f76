"""What a risk means for whoever could do something about it: low, medium, high.

A probability alone says neither whether it is unusual nor whether acting on it pays; a percentile
says only who comes first. A band holds a probability against both: the rate of everybody, and
the probability from which an offer to stay earns more than it costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from recsys.words import say

HIGH_ODDS = 1.5
"""From so many times the odds of everybody on, a risk is clearly above it."""

MEDIUM_SCORE, HIGH_SCORE = 50, 75
"""What counts while no rate is known, and only a rule places users."""


class Band(StrEnum):
    """Low: an offer costs more than it keeps. High: it pays, and the risk is above everybody's."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Bands:
    """What probabilities are held against.

    Attributes
    ----------
    base_rate : float or None
        Probability of everybody who is active; None while no window has closed, and in versions
        that were trained before bands stood on it: the score alone decides then.
    pays_from : float
        The probability from which an offer pays, see :func:`pays_from`.
    """

    base_rate: float | None = None
    pays_from: float = 1.0

    def of(self, p: float, score: int) -> Band:
        """Return the band of a probability; of its `score` where there is no base rate."""
        if self.base_rate is None:
            if score >= HIGH_SCORE:
                return Band.HIGH
            return Band.MEDIUM if score >= MEDIUM_SCORE else Band.LOW
        if p < self.pays_from:
            return Band.LOW
        above = p * (1 - self.base_rate) >= HIGH_ODDS * self.base_rate * (1 - p)
        return Band.HIGH if above else Band.MEDIUM

    def because(self, p: float) -> str:
        """Say what a probability was held against."""
        if self.base_rate is None:
            return say("band.rank")
        return say("band.rate", p=p, base=self.base_rate, pays_from=self.pays_from)


NO_RATE = Bands()
"""Of versions and shops without a rate to compare with."""


def pays_from(*, worth: float, offer: float, contact: float, stays: float) -> float:
    """Return the probability of leaving from which an offer to stay covers its cost.

    Where ``p·(stays·(worth - offer) - contact) = (1 - p)·(offer + contact)``: the profit of
    :mod:`recsys.evaluation.profit` (Verbraken, Verbeke & Baesens 2013) for one user. 1 where an
    offer never pays.

    Parameters
    ----------
    worth : float
        Of a user who stays.
    offer : float
        What it costs when it is taken: by those who stay for it, and those who would have stayed.
    contact : float
        Cost of addressing a user; all three in one currency.
    stays : float
        Share of users about to leave who stay for the offer.
    """
    cost = offer + contact
    earned = stays * (worth - offer) - contact
    return min(cost / (earned + cost), 1.0) if earned > 0 else 1.0
