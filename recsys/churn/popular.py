"""Rung 0: the share of active users who churn, said of everybody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys.churn.bands import NO_RATE, Bands
from recsys.churn.labels import Labelled
from recsys.churn.overdue import SCORE, OverdueRule, Status
from recsys.churn.risk import ChurnQuery, ChurnRisk, interval
from recsys.data.person import Person
from recsys.ladder import RungName, Step
from recsys.words import say


@dataclass(frozen=True, slots=True)
class PopularChurn:
    """The base rate.

    Attributes
    ----------
    p, low, high : float
        Share of users active at a cut-off who churned, and its interval.
    n_users : int
        Users behind it; 0 says that nothing was known, and p is 0.5 in a wide interval.
    horizon_days : int
        How far ahead.
    rule : OverdueRule or None
        What places users in bands while no window has closed; None once one has.
    bands : Bands
        What every rung's probabilities are held against.
    """

    p: float
    low: float
    high: float
    n_users: int
    horizon_days: int
    rule: OverdueRule | None = None
    bands: Bands = NO_RATE

    @property
    def name(self) -> RungName:
        """Rung 0."""
        return RungName.POPULAR

    def declines(self, person: Person) -> Step | None:  # noqa: ARG002 - part of the contract
        """Never refuse."""
        return None

    def because(self, person: Person) -> str:
        """Say whose rate it is, or by which rule."""
        if ruled := self._ruled(person):
            return ruled[1]
        if not self.n_users:
            return say("churn.unknown")
        return say("churn.everybody", p=float(self.p), n=int(self.n_users))

    def answer(self, person: Person, query: ChurnQuery) -> ChurnRisk:  # noqa: ARG002
        """Return the base rate; where even that is unknown, a band by rule."""
        ruled = self._ruled(person)
        score = SCORE[ruled[0]] if ruled else 50.0
        bounds = (self.p, self.low, self.high)
        return ChurnRisk.of(bounds, score, self.horizon_days, self.bands)

    def _ruled(self, person: Person) -> tuple[Status, str] | None:
        return None if self.n_users or self.rule is None else self.rule.status(person)


def fit(rows: Labelled, *, horizon_days: int, z: float, pays_from: float = 1.0) -> PopularChurn:
    """Return the base rate; each user counts once, however many cut-offs saw the user.

    Half a user of each kind is added (Jeffreys), so that the rate of few users is neither 0
    nor 1 and has an interval. `z` is the width of the interval in standard deviations,
    `pays_from` the probability from which acting pays.
    """
    weight = rows.weight
    n = weight.sum()
    p = (weight[rows.churned].sum() + 0.5) / (n + 1)
    sd = 1 / np.sqrt((n + 1) * p * (1 - p))
    bounds = interval(np.array([np.log(p / (1 - p))]), np.array([sd]), z=z)[:, 0]
    middle, low, high = (float(bound) for bound in bounds)
    bands = Bands(middle if n else None, pays_from)
    return PopularChurn(middle, low, high, round(float(n)), horizon_days, bands=bands)
