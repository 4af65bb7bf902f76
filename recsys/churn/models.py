"""All that answers how likely a user is to churn, and the ladder over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recsys.churn.hyper import HyperChurn
from recsys.churn.labels import Definition
from recsys.churn.one_to_one import OneToOneChurn
from recsys.churn.popular import PopularChurn
from recsys.churn.risk import ChurnQuery, ChurnRisk
from recsys.churn.segment import SegmentChurn
from recsys.churn.usage_interval import SegmentInterval, UsageInterval
from recsys.data.person import Person
from recsys.ladder import Ladder, Question, Reason, Rung, RungName, Step, Verdict
from recsys.words import Words

__all__ = ["ChurnModels", "ChurnQuery", "ChurnRisk"]


@dataclass(frozen=True, slots=True)
class ChurnModels:
    """The fitted parts.

    Attributes
    ----------
    definition : Definition
        What churn means here.
    usage_interval : UsageInterval
        How often users come back.
    usage_by_segment : tuple of SegmentInterval
        The same of every segment.
    popular, segment : PopularChurn, SegmentChurn
        Rungs 0 and 1.
    one_to_one : OneToOneChurn or None
        Rung 2, and what rung 3 re-scores; None where the data were too few.
    missing : str
        Why there is no `one_to_one`; empty when there is.
    """

    definition: Definition
    usage_interval: UsageInterval
    usage_by_segment: tuple[SegmentInterval, ...]
    popular: PopularChurn
    segment: SegmentChurn
    one_to_one: OneToOneChurn | None
    missing: str

    def ladder(self, verdicts: Mapping[RungName, Verdict]) -> Ladder[ChurnQuery, ChurnRisk]:
        """Return the rungs, highest first; the arrays are shared, not copied."""
        rungs: tuple[Rung[ChurnQuery, ChurnRisk], ...] = (
            *self._personal(),
            self.segment,
            self.popular,
        )
        return Ladder(Question.CHURN, rungs, verdicts)

    def _personal(self) -> tuple[Rung[ChurnQuery, ChurnRisk], ...]:
        if self.one_to_one is None:
            hyper, one_to_one = RungName.HYPER, RungName.ONE_TO_ONE
            return NotFitted(hyper, self.missing), NotFitted(one_to_one, self.missing)
        own = self.one_to_one
        return HyperChurn(own.propensity, own.taken_at), own


@dataclass(frozen=True, slots=True)
class NotFitted:
    """A rung for which the data were too few: it applies to nobody, and says why."""

    name: RungName
    why: str

    def declines(self, person: Person) -> Step | None:
        """Refuse everybody."""
        return Step(self.name, Reason.NOT_SHIPPED, self.because(person))

    def because(self, person: Person) -> str:  # noqa: ARG002 - part of the contract
        """Say why there is no answer, in the words of training."""
        return Words(self.why, "rung.not_fitted", {})

    def answer(self, person: Person, query: ChurnQuery) -> ChurnRisk | None:  # noqa: ARG002
        """Have nothing to say."""
        return None
