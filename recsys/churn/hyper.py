"""Rung 3: the same propensity, re-scored at this moment on what happened since training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys.churn import signals, snapshot
from recsys.churn.one_to_one import Propensity
from recsys.churn.risk import ChurnQuery, ChurnRisk, percentile
from recsys.data.kinds import MESSAGE_SENT
from recsys.data.person import Person
from recsys.data.signals import NO_SIGNALS, NUMBER, UserSignals
from recsys.data.times import DAY, FOREVER
from recsys.ladder import Reason, RungName, Step
from recsys.words import joined, once, say


@dataclass(frozen=True, slots=True)
class HyperChurn:
    """The model of rung 2 on live features, for known and new users alike.

    Attributes
    ----------
    propensity : Propensity
        The model.
    taken_at : int
        When the snapshot of rung 2 was taken: signals known of since are news.
    """

    propensity: Propensity
    taken_at: int = FOREVER

    @property
    def name(self) -> RungName:
        """Rung 3."""
        return RungName.HYPER

    def declines(self, person: Person) -> Step | None:
        """Refuse users of whom there is no news, or without any critical event."""
        if not len(person.live) and not len(self._news(person)):
            detail = once("churn.nothing_since")
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
        news = self._news(person)
        n, heard = len(person.live), len(news)
        last = max(int(times[-1]) for times in (person.live.at, news.at) if len(times))
        told = [say("churn.events", n=n)] * (n > 0) + [say("churn.signals", n=heard)] * (heard > 0)
        return say("churn.live", told=joined(told), days=(person.at - last) / DAY)

    def answer(self, person: Person, query: ChurnQuery) -> ChurnRisk:
        """Return the propensity as of this moment, what happens at it included."""
        propensity = self.propensity
        features = snapshot.of_user(person.events, propensity.reading, at=person.at + 1)[None]
        if propensity.heard:
            told = signals.of_user(person.signals, at=person.at + 1)
            features = signals.beside(features, told[None], propensity.heard)
        bounds = propensity.intervals(features)
        rank = percentile(bounds[0].astype(np.float32), propensity.among)
        return propensity.risks(bounds.T, rank, features, query)[0]

    def _news(self, person: Person) -> UserSignals:
        """Return what was heard from the person since the snapshot; what was sent is no news."""
        if not self.propensity.heard or not len(person.signals):
            return NO_SIGNALS
        told = [kind for group in self.propensity.heard for kind in signals.OF_GROUP[group]]
        numbers = [NUMBER[kind] for kind in told if kind != MESSAGE_SENT]
        of = person.signals
        new = np.isin(of.kind, numbers) & (of.at <= person.at) & (of.known_at >= self.taken_at)
        return of.where(new)
