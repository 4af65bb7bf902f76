"""The experiments that run, and who has which part in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from api.model.participants import Participants
from api.model.served import Serving
from recsys.audience import COHORT
from recsys.data.person import NO_SEGMENT, Person
from recsys.data.times import DAY, FOREVER
from recsys.errors import StoreUnavailable
from recsys.experiments.draw import Running, draws_again, week
from recsys.experiments.experiment import STEPS, Experiment, Over
from recsys.experiments.holdout import HELD_OUT
from recsys.experiments.plan import (
    AS_ALWAYS,
    Participation,
    Plan,
    differs,
    held_out,
    on_trial,
    others,
    planned,
    winning,
)
from recsys.ladder import Climb, Course, Ladder, Question, RungName
from recsys.segments.groups import OF_TASTE
from recsys.storage.experiments.participants import ParticipantLog
from recsys.storage.experiments.settle import settle
from recsys.storage.experiments.store import ExperimentStore, running, won_trials

MOST_DRAWN = 50_000
"""Plans that are remembered, so that a hash is not made for each answer."""

_ASKS = {
    Question.ITEMS: frozenset({Over.ITEMS, Over.MODEL, Over.STEP_DOWN, Over.STEP_UP}),
    Question.CHANNEL: frozenset({Over.CHANNEL}),
    Question.CHURN: frozenset[Over](),
}
_BY_PERSON = frozenset({Over.STEP_UP, Over.PLACEMENT, Over.MODEL})
"""Whether their variants answer alike hangs on more than a rung and channels."""

MOVING = ("lifecycle:", "cluster:", OF_TASTE)
"""How segments begin that a person may enter with any event, or with time, as a cohort."""

IsIn = Callable[[str, Serving, Person], bool]
"""Tells whether a person is in a segment, or in `cohort:NAME`."""


def in_none(_name: str, _serving: Serving, _person: Person) -> bool:
    """Return False: of nothing."""
    return False


_Asked = tuple[str, int, Question, str, bool, RungName | None]
"""A unit, a week, a question, a placement, whether any version may answer, and a rung on trial."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer that somebody sees.

    Attributes
    ----------
    where, list_id : str
        The placement, empty without one, and the list.
    climb : Climb or None
        How it was come by; given, the ladder is not asked again.
    same : callable or None
        Tells whether another plan shows the same list; None: there is no list.
    """

    where: str = ""
    list_id: str = ""
    climb: Climb[Any] | None = None
    same: Callable[[Plan], bool] | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read at one moment, and the plans that were made from it alone.

    Attributes
    ----------
    course : Course or None
        How everybody climbs: without the rungs that lost.
    by_segment, by_cohort, by_week : bool
        Whether who takes part hangs on where a person belongs, or on the week.
    by_trial : bool
        Whether a rung is tried on the kinds of person that it may serve better, or was.
    won : frozenset of RungName
        Rungs whose trial was decided for them.
    """

    running: tuple[Running, ...] = ()
    removed: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, Serving] = field(default_factory=dict)
    seq: int = -1
    plans: dict[_Asked, Plan] = field(default_factory=dict)
    course: Course | None = None
    by_segment: bool = False
    by_cohort: bool = False
    by_week: bool = False
    by_trial: bool = False
    won: frozenset[RungName] = frozenset()

    @classmethod
    def of(
        cls,
        running: tuple[Running, ...],
        removed: Mapping[str, str],
        models: Mapping[str, Serving],
        seq: int,
        won: frozenset[RungName] = frozenset(),
    ) -> _Known:
        """Work out once what is asked of them with each answer."""
        all_of_them = [one.experiment for one in running]
        return cls(
            running, removed, models, seq,
            course=Course(without=frozenset(map(RungName, removed))) if removed else None,
            by_segment=any(one.segment for one in all_of_them),
            by_cohort=any(one.cohort or one.segment.startswith(MOVING) for one in all_of_them),
            by_week=any(one.over in STEPS for one in all_of_them),
            by_trial=bool(won) or any(one.trial for one in all_of_them),
            won=won,
        )  # fmt: skip


class CurrentExperiments:
    """The one mutable reference to experiments. Safe to use from several threads.

    Parameters
    ----------
    store, log
        Where experiments are kept, and who took part.
    holdout : Running or None
        Who is in no experiment, and gets what anybody gets.

    Attributes
    ----------
    load : callable or None
        Loads a model version, for experiments over models.
    is_in : callable
        Tells who is in a segment, or in ``cohort:NAME``.
    """

    def __init__(
        self,
        store: ExperimentStore,
        log: ParticipantLog,
        *,
        holdout: Running | None = None,
    ) -> None:
        self.store = store
        self._log = log
        self.holdout = holdout
        self.load: Callable[[str], Serving] | None = None
        self.is_in: IsIn = in_none
        self._known = _Known()
        self._participants = Participants(log)
        self._settled: set[tuple[str, int]] = set()

    @property
    def running(self) -> tuple[Running, ...]:
        """Those that run."""
        return self._known.running

    @property
    def seq(self) -> int:
        """A number that ascends with everything that is said of experiments."""
        return self._known.seq

    def holds_until(self, at: int) -> int:
        """Return the first instant at which somebody may be drawn anew; `at` where any time."""
        known = self._known
        if known.by_cohort:
            return at
        return draws_again(at) if known.by_week else FOREVER

    def catch_up(self) -> None:
        """Read which experiments run, and write who took part.

        Raises
        ------
        StoreUnavailable
            The store cannot be read or written: what is known stays, and what waits.
        """
        if (seq := self.store.last_seq()) != self._known.seq:
            saved = self.store.all()
            found, removed = running(saved), self.store.removed()
            won = won_trials(saved)
            self._known = _Known.of(found, removed, self._models(found), seq, won)
        self.flush()

    def flush(self) -> None:
        """Write who took part since the last time.

        Raises
        ------
        StoreUnavailable
            They wait on.
        """
        self._participants.flush()

    def settle(self, *, at: int) -> Mapping[str, str]:
        """Take rungs out that lost by steps that are over, each looked at once, and say why.

        Raises
        ------
        StoreUnavailable
            The store cannot be read or written: it is tried again.
        """
        lost: dict[str, str] = {}
        for one in self._known.running:
            if one.key in self._settled or at - one.since < one.experiment.days * DAY:
                continue
            lost |= settle(self.store, self.store.get(one.experiment_id), now=at)
            self._settled.add(one.key)
        return lost

    def plan(
        self,
        question: Question,
        person: Person,
        serving: Serving,
        *,
        placement: str = "",
        any_version: bool = False,
    ) -> Plan:
        """Return how somebody is answered; by `any_version` or by `serving` alone.

        Nobody is part of an experiment who denied profiling, or of whom that is not known; nor of
        one over versions whose answer is by the version that serves, whatever the draw.
        """
        known = self._known
        if not known.running and not known.removed and not known.won and self.holdout is None:
            return AS_ALWAYS
        unit = person.unit
        if not unit or not person.profiling or not person.readable:
            return self._of_nobody(known, unit)
        trial = None
        if known.by_trial and question is Question.ITEMS:
            ladder = serving.answering.items
            trial = on_trial(ladder, person, ladder.earned(person, known.course))
        asked = (unit, week(person.at), question, placement, any_version, trial)
        if (made := known.plans.get(asked)) is not None and not person.merged:
            return made
        parts = tuple(self._parts(known.running, person, serving, asked))
        plan = winning(self._with_holdout(parts, known, person), trial, known.won)
        # What a merge or a target changes is not a matter of the draw alone.
        if not person.merged and not known.by_segment and not known.by_cohort:
            if len(known.plans) >= MOST_DRAWN:
                known.plans.clear()
            known.plans[asked] = plan
        return plan

    def _of_nobody(self, known: _Known, unit: str) -> Plan:
        """Return how one is answered who is in no experiment: held out all the same."""
        if unit and self.holdout is not None and self.holdout.drawn(unit, 0) == HELD_OUT:
            return held_out(())
        return planned((), known.removed)

    def _with_holdout(
        self, parts: tuple[Participation, ...], known: _Known, person: Person
    ) -> Plan:
        """Return the plan of one who is held out, is compared with those, or neither."""
        drawn = None if self.holdout is None else self._variant(self.holdout, person)
        if drawn is None or self.holdout is None:
            return planned(parts, known.removed)
        part = Participation(self.holdout, drawn)
        return held_out((part,)) if drawn == HELD_OUT else planned((*parts, part), known.removed)

    def _parts(
        self, running: tuple[Running, ...], person: Person, serving: Serving, asked: _Asked
    ) -> Iterator[Participation]:
        _, _, question, placement, any_version, trial = asked
        for one in running:
            if not _is_asked(one.experiment, question, placement, any_version=any_version):
                continue
            if one.experiment.trial and one.experiment.rung is not trial:
                continue
            variant = self._variant(one, person)
            if variant is not None and self._is_targeted(one, serving, person):
                yield Participation(one, variant)

    def serving(self, plan: Plan, champion: Serving) -> Serving:
        """Return the model version that answers; the champion where another cannot be loaded."""
        if not plan.model or plan.model == champion.answering.version:
            return champion
        return self._known.models.get(plan.model, champion)

    def note(
        self, plan: Plan, person: Person, serving: Serving, question: Question, shown: Shown
    ) -> None:
        """Keep soon who took part, where the answer could differ; the answer does not wait."""
        if not plan.unseen:
            return
        ladder = _ladder(serving, question)
        earned = self._earned(plan, person, ladder, shown.climb)
        seen_as, unseen = (earned, person.channels), []
        for part in plan.unseen:
            known_alike = seen_as in plan.alike and part.running.experiment.over not in _BY_PERSON
            rung = None if known_alike else differs(part, person, ladder, earned)
            if rung is None or self._shows_the_same(plan, part, shown):
                unseen.append(part)
            elif not self._participants.has(part, person):
                self._participants.note(
                    part, person, segment=_segment(serving, person), rung=rung,
                    where=shown.where or str(question), list_id=shown.list_id,
                )  # fmt: skip
        plan.unseen[:] = unseen
        plan.alike.add(seen_as)

    def _shows_the_same(self, plan: Plan, part: Participation, shown: Shown) -> bool:
        """Return whether all variants of placements, or versions, show the list that is shown."""
        over = part.running.experiment.over
        if shown.same is None or over not in {Over.PLACEMENT, Over.MODEL}:
            return False
        return all(map(shown.same, others(plan, part, self._known.removed)))

    def _earned(
        self, plan: Plan, person: Person, ladder: Ladder[Any, Any], climb: Climb[Any] | None
    ) -> RungName:
        """Return the rung that somebody earned, whoever steps and whichever channels are left."""
        course = self._known.course
        if climb is not None and plan.course == course and plan.arms is None:
            return climb.earned
        return ladder.earned(person, course)

    def _variant(self, one: Running, person: Person) -> str | None:
        """Return the variant of a person; None: not a part of it."""
        variant = one.drawn(person.unit, person.at)
        return None if variant is None else self._kept(one, person) or variant

    def _kept(self, one: Running, person: Person) -> str | None:
        """Return the variant that a merged person had first, under whichever id."""
        if not person.merged:
            return None
        with suppress(StoreUnavailable):
            return self._log.variant_of(one.key, one.period(person.at), person.unit)
        return None

    def _is_targeted(self, one: Running, serving: Serving, person: Person) -> bool:
        experiment = one.experiment
        if experiment.segment:
            row = serving.answering.bundle.segments.row(experiment.segment)
            if row == NO_SEGMENT and not self.is_in(experiment.segment, serving, person):
                return False
            if row not in (NO_SEGMENT, person.segment_row):
                return False
        cohort = experiment.cohort
        return not cohort or self.is_in(f"{COHORT}{cohort}", serving, person)

    def _models(self, found: tuple[Running, ...]) -> Mapping[str, Serving]:
        wanted = {v.model for one in found for v in one.experiment.variants if v.model}
        before = self._known.models
        return {
            version: before[version] if version in before else self.load(version)
            for version in sorted(wanted)
            if self.load is not None
        }


def _is_asked(
    experiment: Experiment, question: Question, placement: str, *, any_version: bool
) -> bool:
    if experiment.over is Over.MODEL and not any_version:
        return False
    asked = bool(placement) and experiment.placement == placement
    return asked or experiment.over in _ASKS[question]


def _ladder(serving: Serving, question: Question) -> Ladder[Any, Any]:
    answering = serving.answering
    return answering.channel if question is Question.CHANNEL else answering.items


def _segment(serving: Serving, person: Person) -> str:
    row = person.segment_row
    return "" if row == NO_SEGMENT else serving.answering.bundle.items.segment.names[row]
