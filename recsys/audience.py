"""Where people belong, asked of one model version: segments, cohorts and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recsys.churn.risk import ChurnQuery
from recsys.data.person import Person
from recsys.errors import BadRule
from recsys.ladder import OnFailure, RungName
from recsys.model_version import Answering
from recsys.segments import cohort, rule_parser
from recsys.segments.cohort import CohortDecision, Lookup
from recsys.segments.groups import FAMILIES
from recsys.segments.rule import Happened, InSegment, Rule, Score
from recsys.segments.rule import Sequence as Steps
from recsys.segments.snapshot import Crowd

SCORES = ("churn", "value")
COHORT = "cohort:"
"""How the names of cohorts begin, where segments are named too."""


class Audience:
    """Some people at one instant, and what a model version says of where they belong.

    Parameters
    ----------
    answering : Answering
        The model version.
    people : sequence of Person
        All gathered for the same instant.
    at : int
        That instant; what happened later is left out.
    on_failure : OnFailure
        Told of a churn rung that raised.
    """

    def __init__(
        self, answering: Answering, people: Sequence[Person], *, at: int, on_failure: OnFailure
    ) -> None:
        self._answering = answering
        self._people = people
        self._on_failure = on_failure
        self._crowd = Crowd.of(people, at=at)
        self._groups = answering.bundle.groups
        self._found = self._groups.memberships(self._crowd)
        self._scores: dict[str, NDArray[np.float64]] = {}

    def segments(self, place: int) -> Mapping[str, str | None]:
        """Return the segment of every family that the person at `place` is in."""
        if not self._crowd.profiled[place]:
            return dict.fromkeys(FAMILIES)
        return self._groups.named(self._found, place)

    @property
    def segments_until(self) -> int:
        """The first instant at which time alone may move somebody to another segment."""
        return self._groups.until(self._crowd)

    def decide(self, rule: Rule) -> CohortDecision:
        """Return who belongs to the cohort of a rule, and which leaf decided."""
        bundle = self._answering.bundle
        lookup = Lookup(
            kinds=bundle.interactions.kinds,
            items=bundle.interactions.items,
            catalogue=bundle.catalogue,
            groups=bundle.groups,
            score=self.score,
            taste=self._in_taste,
        )
        return cohort.decide(rule, self._crowd, lookup)

    def score(self, name: str) -> NDArray[np.float64]:
        """Return a score of everybody, NaN where it is not the person's own.

        ``churn`` is the probability that the ladder answers with; what rung 0 says of everybody
        says nothing of anybody. ``value`` is the money expected in the longest horizon there is.
        """
        if name not in self._scores:
            of = {"churn": self._churn, "value": self._value}.get(name, _unknown)
            self._scores[name] = np.fromiter(map(of, self._people), np.float64, len(self._people))
        return self._scores[name]

    def _in_taste(self, name: str) -> NDArray[np.bool_]:
        segment = self._answering.bundle.items.segment
        if segment.tastes is None:
            return np.zeros(len(self._people), bool)
        rows = np.fromiter(map(segment.tastes.row, self._people), np.int32, len(self._people))
        inside: NDArray[np.bool_] = rows == segment.named(name)
        return inside

    def _churn(self, person: Person) -> float:
        if not person.profiling:
            return np.nan
        ladder = self._answering.churn
        climb = ladder.climb(person, ChurnQuery(max_reasons=0), on_failure=self._on_failure)
        if climb.answer is None or climb.rung == RungName.POPULAR:
            return np.nan
        return climb.answer.p

    def _value(self, person: Person) -> float:
        if not person.profiling or person.user_row is None:
            return np.nan
        return float(self._answering.bundle.value.value[person.user_row, -1])


def check(rule: Rule, answering: Answering) -> Rule:
    """Return the rule when all that it names exists in a model version.

    Raises
    ------
    BadRule
        A kind of events, a score or a segment that does not exist.
    """
    kinds, trait = answering.bundle.interactions.kinds, f"{answering.bundle.groups.trait}:"
    names = [portrait.name for portrait in answering.bundle.portraits]
    for leaf in rule.leaves:
        says = leaf.says
        named = says.name if isinstance(says, InSegment) else trait
        if named not in names and not named.startswith(trait):
            raise BadRule(f"{leaf.path}.segment", named, f"{', '.join(names)}, {trait}…")
        if isinstance(says, Score) and says.condition.what not in SCORES:
            raise BadRule(f"{leaf.path}.score", says.condition.what, ", ".join(SCORES))
        steps = (says.step,) if isinstance(says, Happened) else ()
        for step in says.steps if isinstance(says, Steps) else steps:
            if step.kind not in kinds:
                raise BadRule(f"{leaf.path}.event", step.kind, ", ".join(kinds))
    return rule


def of_segment(name: str, answering: Answering) -> Rule:
    """Return the rule that is so of whoever is in a segment.

    Raises
    ------
    UnknownSegment
        There is none of that name.
    """
    return rule_parser.parse({"segment": answering.bundle.segment(name).name}, place="segment")


def _unknown(_: Person) -> float:
    return np.nan
