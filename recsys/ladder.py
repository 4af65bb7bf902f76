"""The one place where a rung is chosen.

A rung is earned twice: per user (it says whether it applies to this person now) and by measurement
(training ships it only where held-out data show that it beats the rung below). The answer carries
the rung it came from and the trail of rungs asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from recsys.data.person import Person, PersonKind
from recsys.evaluation.estimate import Estimate, NotMeasured
from recsys.words import Words, say

Query = TypeVar("Query")
QueryIn = TypeVar("QueryIn", contravariant=True)
Answer = TypeVar("Answer")
AnswerOut = TypeVar("AnswerOut", covariant=True)


class Question(StrEnum):
    """What may be asked about a user."""

    ITEMS = "items"
    CHANNEL = "channel"
    CHURN = "churn"


class RungName(StrEnum):
    """The rungs, lowest first."""

    POPULAR = "popular"
    SEGMENT = "segment"
    ONE_TO_ONE = "one_to_one"
    HYPER = "hyper"


PROFILING = frozenset({RungName.ONE_TO_ONE, RungName.HYPER})


class Reason(StrEnum):
    """What became of a rung that was asked."""

    SERVED = "served"
    NOT_SHIPPED = "not_shipped"
    ON_TRIAL = "on_trial"
    NO_CONSENT = "no_consent"
    STORE_UNAVAILABLE = "store_unavailable"
    UNKNOWN_USER = "unknown_user"
    NO_SEGMENT = "no_segment"
    TOO_LITTLE_HISTORY = "too_little_history"
    NO_LIVE_EVENTS = "no_live_events"
    NOTHING_LEFT = "nothing_left"
    FAILED = "failed"
    FORCED = "forced"
    STEPPED_DOWN = "stepped_down"
    CEILING = "ceiling"
    HELD_OUT = "held_out"
    TAKEN_OUT = "taken_out"


class Step(Struct, frozen=True):
    """One rung that was asked, what became of it, and a sentence a marketer can read."""

    rung: RungName
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Course:
    """How experiments change which rungs are asked about a person.

    Attributes
    ----------
    experiment : str
        Its name, for the trail.
    ceiling : RungName or None
        No rung above it is asked.
    held_out : bool
        Whether the ceiling is that of the permanent holdout.
    steps_down : bool
        Whether the first rung that would answer is passed over, unless it is the lowest.
    tries : RungName or None
        A rung that is asked though it was not shipped.
    without : frozenset of RungName
        Rungs that lost online.
    """

    experiment: str = ""
    ceiling: RungName | None = None
    held_out: bool = False
    steps_down: bool = False
    tries: RungName | None = None
    without: frozenset[RungName] = frozenset()

    def refusal(self, name: RungName) -> Step | None:
        """Return why a rung is not asked; None where it is."""
        if name in self.without:
            return Step(name, Reason.TAKEN_OUT, say("rung.taken_out"))
        if self.ceiling is not None and HEIGHT[name] > HEIGHT[self.ceiling]:
            if self.held_out:
                return Step(name, Reason.HELD_OUT, say("rung.held_out"))
            detail = say("rung.ceiling", experiment=self.experiment, ceiling=str(self.ceiling))
            return Step(name, Reason.CEILING, detail)
        return None


HEIGHT = {name: height for height, name in enumerate(RungName)}


class Rung(Protocol[QueryIn, AnswerOut]):
    """One way of answering one question. A fitted value; it never changes."""

    @property
    def name(self) -> RungName:
        """Which rung this is."""

    def declines(self, person: Person) -> Step | None:
        """Return why this rung does not apply to this person now; None when it does."""

    def because(self, person: Person) -> str:
        """Return one sentence on what the answer to this person stands on."""

    def answer(self, person: Person, query: QueryIn) -> AnswerOut | None:
        """Answer the query; None when this rung has nothing left to say."""


class Standing(StrEnum):
    """Who gets a rung among people of one kind: all, a random half, nobody."""

    SHIPPED = "shipped"
    TRIAL = "trial"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class KindVerdict:
    """What held-out data said about a rung for one kind of person.

    Attributes
    ----------
    below : RungName
        The highest rung that is shipped for this kind below it.
    lift : Estimate or None
        Paired difference to it; None when it could not be measured.
    chance : float or None
        Share of the bootstrap samples with a lift above zero.
    standing : Standing
        Who of them gets the rung.
    why : str
        In words.
    """

    below: RungName
    lift: Estimate | None
    chance: float | None
    standing: Standing
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What held-out data said about a rung.

    Attributes
    ----------
    rung, below : RungName
        The rung, and the highest shipped rung it was compared with.
    metric : str
        What was compared; higher is better.
    lift : Estimate or None
        Paired difference to the rung below; None when it could not be measured.
    shipped : bool
        Whether serving may use the rung, for some kind of person at least.
    why : str
        The verdict in words.
    by_kind : mapping of PersonKind to KindVerdict
        What was said of each kind of person that was met; empty where kinds were not told apart.
    """

    rung: RungName
    below: RungName
    metric: str
    lift: Estimate | None
    shipped: bool
    why: str
    by_kind: Mapping[PersonKind, KindVerdict] = field(default_factory=dict)

    @classmethod
    def on(
        cls, rung: RungName, below: RungName, metric: str, lift: Estimate | NotMeasured | None
    ) -> Verdict:
        """Judge a rung: shipped when the lower bound of its lift is above zero.

        A lift that is the same for everybody has an interval of no width, which tells nothing.
        """
        if not isinstance(lift, Estimate) or not lift.has_width:
            why = f"not shipped: {_why_not(metric, below, lift)}"
            return cls(rung, below, metric, None, shipped=False, why=why)
        shipped = lift.clearly_above
        verb = "shipped: beats" if shipped else "not shipped: does not clearly beat"
        difference = f"{lift.value:+.4f} [{lift.low:+.4f}, {lift.high:+.4f}]"
        why = f"{verb} {below}: {metric} {difference} over {lift.n:,} users"
        return cls(rung, below, metric, lift, shipped=shipped, why=why)

    def standing(self, kind: PersonKind) -> Standing:
        """Return who of a kind of person gets the rung.

        A kind that held-out data did not have gets at most a trial of what others get.
        """
        if kind in self.by_kind:
            return self.by_kind[kind].standing
        if not self.shipped:
            return Standing.OUT
        return Standing.TRIAL if self.by_kind else Standing.SHIPPED

    def said_of(self, kind: PersonKind | None = None) -> Words:
        """Return the verdict for a kind of person, or for anybody, in the words of training."""
        said = self.by_kind.get(kind, self) if kind else self
        below, lift = str(said.below), said.lift
        if lift is None:
            return Words(said.why, "rung.not_measured", {"below": below})
        facts = {"below": below, "lift": lift.value, "low": lift.low, "high": lift.high}
        return Words(said.why, "rung.not_better", {**facts, "n": lift.n})


def _why_not(metric: str, below: RungName, lift: Estimate | NotMeasured | None) -> str:
    if isinstance(lift, NotMeasured):
        return f"could not be measured: {lift.why}"
    if lift is None:
        return f"too little held-out data to compare {metric} with {below}"
    same = f"{metric} differs from {below} by {lift.value:+.4f} for every one of {lift.n:,} users"
    return f"not measurable: {same}"


_ASKED = frozenset({Reason.SERVED, Reason.NOTHING_LEFT, Reason.FAILED})


class Climb(Struct, Generic[Answer], frozen=True):
    """The answer, the rung it came from, why, and all rungs asked, highest first.

    `answer` and `rung` are None only when every rung failed.
    """

    answer: Answer | None
    rung: RungName | None
    reason: str
    trail: tuple[Step, ...]

    @property
    def earned(self) -> RungName:
        """The highest rung that was not refused: that of :meth:`Ladder.earned`, of the same course.

        It may have failed, or had nothing left to say.
        """
        return next((step.rung for step in self.trail if step.reason in _ASKED), RungName.POPULAR)


OnFailure = Callable[[RungName, Exception], None]


@dataclass(frozen=True, slots=True)
class Ladder(Generic[Query, Answer]):
    """The rungs of one question, highest first, and the verdict on each but the lowest."""

    question: Question
    rungs: Sequence[Rung[Query, Answer]]
    verdicts: Mapping[RungName, Verdict]

    def climb(
        self,
        person: Person,
        query: Query,
        *,
        on_failure: OnFailure,
        force: RungName | Course | None = None,
    ) -> Climb[Answer]:
        """Answer with the highest rung that is shipped, applies and does not fail.

        `force` asks one rung only, shipped or not, with rung 0 below it; or says how an experiment
        has this person climb.
        """
        trail: list[Step] = []
        for rung, answer in self.answers(person, query, trail, on_failure=on_failure, force=force):
            return Climb(answer, rung.name, trail[-1].detail, tuple(trail))
        return Climb(None, None, say("rung.all_failed"), tuple(trail))

    def answers(
        self,
        person: Person,
        query: Query,
        trail: list[Step],
        *,
        on_failure: OnFailure,
        force: RungName | Course | None = None,
    ) -> Iterator[tuple[Rung[Query, Answer], Answer]]:
        """Yield answers from the highest rung down, noting every rung asked in `trail`.

        A rung that raises costs its own answer: it is reported through `on_failure` and noted.
        """
        steps_down = isinstance(force, Course) and force.steps_down
        for rung in self.rungs:
            name = rung.name
            if refused := self.refused(rung, person, force):
                trail.append(refused)
                continue
            if steps_down and name is not RungName.POPULAR and isinstance(force, Course):
                steps_down = False
                detail = say("rung.stepped_down", experiment=force.experiment)
                trail.append(Step(name, Reason.STEPPED_DOWN, detail))
                continue
            try:
                answer = rung.answer(person, query)
                because = self.tried(rung.because(person), name, person, force)
            except Exception as error:  # noqa: BLE001 - the law: a rung costs its own answer only
                on_failure(name, error)
                trail.append(Step(name, Reason.FAILED, say("rung.failed")))
                continue
            if answer is None:
                trail.append(Step(name, Reason.NOTHING_LEFT, say("rung.nothing_left")))
                continue
            trail.append(Step(name, Reason.SERVED, because))
            yield rung, answer

    def earned(self, person: Person, course: Course | None = None) -> RungName:
        """Return the highest rung that is shipped and applies to this person.

        `course` is what holds for everybody: without the rungs that lost online.
        """
        asked = (rung.name for rung in self.rungs if not self.refused(rung, person, course))
        return next(asked, RungName.POPULAR)

    def refused(
        self, rung: Rung[Query, Answer], person: Person, force: RungName | Course | None
    ) -> Step | None:
        """Return why a rung is not asked about a person; None where it is."""
        return or_declines(self.refusal(rung.name, person, force), rung, person)

    def refusal(
        self, name: RungName, person: Person, force: RungName | Course | None
    ) -> Step | None:
        """Return why a rung is not asked, whatever itself says; None where it is.

        It hangs on what forces the person, its kind, and whether it may be profiled.
        """
        passed = self._passed_over(name, person, force)
        if passed is not None and passed.reason is not Reason.ON_TRIAL:
            return passed
        return _not_allowed(name, person) or passed

    def _passed_over(
        self, name: RungName, person: Person, force: RungName | Course | None
    ) -> Step | None:
        if isinstance(force, RungName):
            if name in {force, RungName.POPULAR}:
                return None
            return Step(name, Reason.FORCED, say("rung.forced", forced=str(force)))
        if force is not None and (refused := force.refusal(name)):
            return refused
        verdict, tried = self.verdicts.get(name), force is not None and force.tries is name
        if verdict is None or tried:
            return None
        standing = verdict.standing(person.kind)
        if standing is Standing.SHIPPED:
            return None
        why = verdict.said_of(person.kind)
        if standing is Standing.TRIAL:
            detail = say("rung.on_trial_elsewhere", verdict=why)
            return Step(name, Reason.ON_TRIAL, detail)
        return Step(name, Reason.NOT_SHIPPED, why)

    def tried(
        self, because: str, name: RungName, person: Person, force: RungName | Course | None
    ) -> str:
        """Return what an answer stands on, and that its rung was not shipped, where it was not."""
        if not isinstance(force, Course) or force.tries is not name:
            return because
        verdict = self.verdicts.get(name)
        if verdict is None or verdict.standing(person.kind) is not Standing.TRIAL:
            return because
        tried = "rung.on_trial" if force.experiment else "rung.better_online"
        return say(tried, because=because)


def or_declines(
    refused: Step | None, rung: Rung[QueryIn, AnswerOut], person: Person
) -> Step | None:
    """Return why a rung is not asked about a person, of what the ladder and the rung say to it."""
    # Whoever could not get the rung anyway takes no part in its trial.
    if refused is None or refused.reason is Reason.ON_TRIAL:
        return rung.declines(person) or refused
    return refused


def _not_allowed(name: RungName, person: Person) -> Step | None:
    """Return that a rung looks at what a person did, where that is not allowed or not known."""
    if name not in PROFILING:
        return None
    if not person.readable:
        return Step(name, Reason.STORE_UNAVAILABLE, say("rung.consents_unread"))
    return None if person.profiling else Step(name, Reason.NO_CONSENT, say("rung.no_profiling"))
