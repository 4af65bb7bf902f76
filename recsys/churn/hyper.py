"""Rung 3: the same propensity, re-scored at this moment on the events since training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys.churn import snapshot
from recsys.churn.one_to_one import Propensity
from recsys.churn.risk import ChurnQuery, ChurnRisk, percentile
from recsys.data.person import Person
from recsys.data.times import DAY
from recsys.ladder import Reason, RungName, Step
from recsys.words import say


@dataclass(frozen=True, slots=True)
class HyperChurn:
    """The model of rung 2 on live features, for known and new users alike."""

    propensity: Propensity

    @property
    def name(self) -> RungName:
        """Rung 3."""
        return RungName.HYPER

    def declines(self, person: Person) -> Step | None:
        """Refuse users without live events, or without any critical event."""
        if not len(person.live):
            detail = say("churn.nothing_since")
            return Step(self.name, Reason.NO_LIVE_EVENTS, detail)
        critical = self.propensity.reading.critical
        if not ((person.past.kind == critical).any() or (person.live.kind == critical).any()):
            kind = self.propensity.definition.critical_kind
            return Step(self.name, Reason.TOO_LITTLE_HISTORY, say("churn.none_yet", kind=kind))
        definition, kinds = self.propensity.definition, self.propensity.reading.kinds
        if definition.contract.is_over(person.events, kinds, definition.critical_kind):
            detail = say("churn.contract_over")
            return Step(self.name, Reason.TOO_LITTLE_HISTORY, detail)
        return None

    def because(self, person: Person) -> str:
        """Say how live the answer is."""
        days = float(person.at - person.live.at[-1]) / DAY
        return say("churn.live", n=len(person.live), days=days)

    def answer(self, person: Person, query: ChurnQuery) -> ChurnRisk:
        """Return the propensity as of this moment, what happens at it included."""
        propensity = self.propensity
        features = snapshot.of_user(person.events, propensity.reading, at=person.at + 1)
        bounds = propensity.intervals(features[None])
        rank = percentile(bounds[0].astype(np.float32), propensity.among)
        return propensity.risks(bounds.T, rank, features[None], query)[0]
