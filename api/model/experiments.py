"""The experiments that run, and who has which part in them."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from api.model.served import Serving
from recsys.data.person import NO_SEGMENT, Person
from recsys.errors import StoreUnavailable
from recsys.experiments.draw import FOREVER, Running, week
from recsys.experiments.experiment import Experiment, Over
from recsys.experiments.holdout import HELD_OUT
from recsys.experiments.plan import AS_ALWAYS, Part, Plan, differs, held_out, planned
from recsys.ladder import Ladder, Question
from recsys.storage.experiments.participants import Participant, ParticipantLog
from recsys.storage.experiments.store import ExperimentStore, running

MOST_WAITING = 100_000
"""Participants that wait to be written while the store cannot be; more are dropped."""

MOST_NOTED = 200_000
"""Participants that are remembered as written, so that they are not written with each answer."""

MOST_DRAWN = 50_000
"""Plans that are remembered, so that a hash is not made for each answer."""

_ASKS = {
    Question.ITEMS: frozenset({Over.ITEMS, Over.MODEL, Over.STEP_DOWN, Over.STEP_UP}),
    Question.CHANNEL: frozenset({Over.CHANNEL}),
    Question.CHURN: frozenset[Over](),
}
IsIn = Callable[[str, Serving, Person], bool]
"""Tells whether a person is in a cohort of that name."""


def in_none(_name: str, _serving: Serving, _person: Person) -> bool:
    """Return False: of no cohort."""
    return False


_Asked = tuple[str, int, Question, str, bool]
"""A unit, a week, a question, a placement, and whether any version may answer."""

_Noted = tuple[str, tuple[str, int], int, str]
"""A unit, a version of an experiment, a period and a variant."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read at one moment, and the plans that were made from it alone."""

    running: tuple[Running, ...] = ()
    removed: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, Serving] = field(default_factory=dict)
    seq: int = -1
    plans: dict[_Asked, Plan] = field(default_factory=dict)

    @property
    def targets(self) -> bool:
        """Whether who takes part is more than a draw: then no plan is remembered."""
        return any(one.experiment.segment or one.experiment.cohort for one in self.running)


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
        Tells who is in a cohort.
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
        self._waiting: deque[Participant] = deque(maxlen=MOST_WAITING)
        self._noted: OrderedDict[_Noted, None] = OrderedDict()
        self._turn = threading.Lock()

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
        known = self._known.running
        if any(one.experiment.cohort for one in known):
            return at
        return min((one.draws_again(at) for one in known), default=FOREVER)

    def catch_up(self) -> None:
        """Read which experiments run, and write who took part.

        Raises
        ------
        StoreUnavailable
            The store cannot be read or written: what is known stays, and what waits.
        """
        if (seq := self.store.last_seq()) != self._known.seq:
            found = running(self.store.all())
            removed, models = self.store.removed(), self._models(found)
            self._known = _Known(found, removed, models, seq)
        self.flush()

    def flush(self) -> None:
        """Write who took part since the last time.

        Raises
        ------
        StoreUnavailable
            They wait on.
        """
        taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not taken:
            return
        try:
            self._log.append(taken)
        except StoreUnavailable:
            self._waiting.extendleft(reversed(taken))
            raise

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
        if not known.running and not known.removed and self.holdout is None:
            return AS_ALWAYS
        unit = person.unit
        if not unit or not person.profiling or not person.readable:
            return self._of_nobody(known, unit)
        asked = (unit, week(person.at), question, placement, any_version)
        if (made := known.plans.get(asked)) is not None and not person.merged:
            return made
        parts = tuple(self._parts(known.running, person, serving, asked))
        plan = self._with_holdout(parts, known, person)
        # What a merge or a target changes is not a matter of the draw alone.
        if not person.merged and not known.targets:
            if len(known.plans) >= MOST_DRAWN:
                known.plans.clear()
            known.plans[asked] = plan
        return plan

    def _of_nobody(self, known: _Known, unit: str) -> Plan:
        """Return how one is answered who is in no experiment: held out all the same."""
        if unit and self.holdout is not None and self.holdout.drawn(unit, 0) == HELD_OUT:
            return held_out(())
        return planned((), known.removed)

    def _with_holdout(self, parts: tuple[Part, ...], known: _Known, person: Person) -> Plan:
        """Return the plan of one who is held out, is compared with those, or neither."""
        drawn = None if self.holdout is None else self._variant(self.holdout, person)
        if drawn is None or self.holdout is None:
            return planned(parts, known.removed)
        part = Part(self.holdout, drawn)
        return held_out((part,)) if drawn == HELD_OUT else planned((*parts, part), known.removed)

    def _parts(
        self, running: tuple[Running, ...], person: Person, serving: Serving, asked: _Asked
    ) -> Iterator[Part]:
        _, _, question, placement, any_version = asked
        for one in running:
            if not _is_asked(one.experiment, question, placement, any_version=any_version):
                continue
            variant = self._variant(one, person)
            if variant is not None and self._is_targeted(one, serving, person):
                yield Part(one, variant)

    def serving(self, plan: Plan, champion: Serving) -> Serving:
        """Return the model version that answers; the champion where another cannot be loaded."""
        return self._known.models.get(plan.model, champion) if plan.model else champion

    def note(
        self, plan: Plan, person: Person, serving: Serving, question: Question, *, where: str = "",
        list_id: str = "",
    ) -> None:  # fmt: skip
        """Keep soon who took part, where the answer could differ; the answer does not wait."""
        if not plan.parts:
            return
        ladder, unit, earned = _ladder(serving, question), person.unit, None
        for part in plan.parts:
            one = part.running
            period = one.period(person.at)
            key = (unit, one.key, period, part.variant)
            if key in self._noted:
                continue
            earned = earned or ladder.earned(person)
            rung = differs(part, person, ladder, earned)
            if rung is None:
                continue
            new = Participant(
                user_id=person.user_id,
                experiment_id=one.experiment_id,
                version=one.version,
                period=period,
                variant=part.variant,
                at=person.at,
                placement=where or str(question),
                list_id=list_id,
                rung=str(rung),
                segment=_segment(serving, person),
                pscore=one.pscore(part.variant),
            )
            self._waiting.append(new)
            with self._turn:
                self._noted[key] = None
                if len(self._noted) > MOST_NOTED:
                    self._noted.popitem(last=False)

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
            if row == NO_SEGMENT or person.segment_row != row:
                return False
        return not experiment.cohort or self.is_in(experiment.cohort, serving, person)

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
    return "" if row == NO_SEGMENT else serving.answering.bundle.segments.names[row]
