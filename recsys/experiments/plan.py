"""What the experiments that somebody takes part in make of one answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from recsys.data.person import Person
from recsys.experiments.assignment import number
from recsys.experiments.draw import Running
from recsys.experiments.experiment import STEPPED, STEPS, Experiment, Over
from recsys.ladder import HEIGHT, Course, Ladder, RungName, Standing

Arms = frozenset[str]
AnyLadder = Ladder[Any, Any]


@dataclass(frozen=True, slots=True)
class Participation:
    """That somebody takes part in an experiment, with which variant."""

    running: Running
    variant: str


@dataclass(frozen=True, slots=True)
class Rankers:
    """Two ways of climbing whose lists become one.

    Attributes
    ----------
    running : Running
        The experiment.
    names : tuple of str
        Of the two variants.
    courses : tuple of Course or None
        How each climbs.
    """

    running: Running
    names: tuple[str, ...]
    courses: tuple[Course | None, ...]

    def seed(self, unit: str, at: int) -> int:
        """Return what the coins of a list are tossed by."""
        return number(self.running.salt, f"{unit}.{at}")


@dataclass(frozen=True, slots=True)
class Plan:
    """How somebody is answered.

    Attributes
    ----------
    parts : tuple of Part
        The experiments that this answer is in.
    course : Course or None
        How the ladder is climbed; None: as always.
    placement : str
        Whose rules act instead of those asked for; empty: those.
    model : str
        The model version that answers; empty: the champion.
    arms : frozenset of str or None
        The channels that may be chosen; None: all.
    rankers : Rankers or None
        The two whose lists are interleaved; None: there is one.
    held_out : bool
        Whether this is one of the permanent holdout: nothing is explored.
    unseen : list of Part
        Those that the person was not noted in yet: who notes them takes them out.
    alike : set of tuple of RungName and Arms
        Rungs earned and channels with which the unseen ones were found to answer alike, but for
        those that hang on more of a person: steps up, placements and versions.
    swaps : dict of tuple to tuple of Plan
        Of experiments, by their keys, what their other variants would make of the answer.
    """

    parts: tuple[Participation, ...] = ()
    course: Course | None = None
    placement: str = ""
    model: str = ""
    arms: Arms | None = None
    held_out: bool = False
    rankers: Rankers | None = None
    unseen: list[Participation] = field(default_factory=list, compare=False)
    alike: set[tuple[RungName, Arms]] = field(default_factory=set, compare=False)
    swaps: dict[tuple[str, int], tuple[Plan, ...]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self.unseen.extend(self.parts)


AS_ALWAYS = Plan()


def held_out(parts: tuple[Participation, ...]) -> Plan:
    """Return how one of the permanent holdout is answered; `parts` is what is noted of it."""
    return Plan(parts, Course(ceiling=RungName.POPULAR, held_out=True), held_out=True)


def planned(parts: tuple[Participation, ...], without: Mapping[str, str]) -> Plan:
    """Return what some experiments make of an answer; of two that say the same thing, the first.

    Parameters
    ----------
    parts : tuple of Part
        In the order of their names.
    without : mapping of str to str
        Rungs that were taken out, and why.
    """
    gone = frozenset(map(RungName, without))
    course, placement, model = Course(without=gone) if gone else None, "", ""
    arms: Arms | None = None
    rankers: Rankers | None = None
    for part in parts:
        rankers = rankers or _rankers(part, gone)
        changed = part.running.experiment.variant(part.variant)
        if (new := _course(part, gone)) is not None and (course is None or not course.experiment):
            course = new
        if changed is not None:
            placement, model = placement or changed.placement, model or changed.model
            arms = arms or (frozenset(changed.arms) if changed.arms else None)
    return Plan(parts, course, placement, model, arms, rankers=rankers)


def winning(plan: Plan, trial: RungName | None, won: frozenset[RungName]) -> Plan:
    """Return the plan with the rung asked that is on trial for a person, and won its trial."""
    course = plan.course or Course()
    if trial not in won or plan.held_out or course.experiment:
        return plan
    tries = replace(course, tries=trial)
    return Plan(plan.parts, tries, plan.placement, plan.model, plan.arms, rankers=plan.rankers)


def others(plan: Plan, part: Participation, without: Mapping[str, str]) -> tuple[Plan, ...]:
    """Return how somebody would be answered with each other variant; worked out once a plan.

    Parameters
    ----------
    plan : Plan
        How they are answered.
    part : Participation
        One of its parts.
    without : mapping of str to str
        Rungs that were taken out, and why.
    """
    key = part.running.key
    if key not in plan.swaps:
        plan.swaps[key] = tuple(_swapped(plan, part, without))
    return plan.swaps[key]


def _swapped(plan: Plan, part: Participation, without: Mapping[str, str]) -> Iterator[Plan]:
    tries = plan.course is not None and not plan.course.experiment
    for variant in part.running.experiment.variants:
        if variant.name != part.variant:
            swapped = Participation(part.running, variant.name)
            other = planned(tuple(swapped if p is part else p for p in plan.parts), without)
            steps = other.course is not None and other.course.experiment
            yield other if steps or not tries else replace(other, course=plan.course)


def differs(
    part: Participation, person: Person, ladder: AnyLadder, earned: RungName
) -> RungName | None:
    """Return the rung that an exposure is about, where the variants could answer differently.

    Of a step it is the rung that is passed over or tried, else the one that the person earned.
    None where all variants answer alike: who could not see a difference is no part of it. Of
    placements and versions only their lists tell: of those :func:`others` are made.
    """
    experiment = part.running.experiment
    if experiment.over is Over.STEP_DOWN:
        return earned if earned is not RungName.POPULAR else None
    if experiment.over is Over.STEP_UP and experiment.rung is not None:
        if experiment.trial:
            return experiment.rung if on_trial(ladder, person, earned) is experiment.rung else None
        return experiment.rung if could_try(ladder, experiment.rung, person, earned) else None
    if experiment.over in {Over.PLACEMENT, Over.MODEL}:
        return earned
    reached = part.running.differs_from(earned)
    return earned if reached or _by_arms(experiment, person) else None


def on_trial(ladder: AnyLadder, person: Person, earned: RungName) -> RungName | None:
    """Return the highest rung on trial for such people that would answer before `earned`."""
    for name in (rung.name for rung in ladder.rungs if rung.name in ladder.verdicts):
        is_trial = ladder.verdicts[name].standing(person.kind) is Standing.TRIAL
        if is_trial and could_try(ladder, name, person, earned):
            return name
    return None


def could_try(ladder: AnyLadder, name: RungName, person: Person, earned: RungName) -> bool:
    """Return whether a rung that was not shipped would answer before the one `earned`."""
    verdict = ladder.verdicts.get(name)
    if verdict is None or verdict.standing(person.kind) is Standing.SHIPPED:
        return False
    rung = next((rung for rung in ladder.rungs if rung.name is name), None)
    if rung is None or HEIGHT[name] <= HEIGHT[earned]:
        return False
    return ladder.refused(rung, person, Course(tries=name)) is None


def _course(part: Participation, gone: frozenset[RungName]) -> Course | None:
    name, experiment = part.running.experiment_id, part.running.experiment
    if experiment.over in STEPS:
        if part.variant != STEPPED:
            return None
        if experiment.over is Over.STEP_UP:
            return Course(name, tries=experiment.rung, without=gone)
        return Course(name, steps_down=True, without=gone)
    changed = experiment.variant(part.variant)
    if changed is None or changed.ceiling in (None, RungName.HYPER):
        return None
    return Course(name, ceiling=changed.ceiling, without=gone)


def _rankers(part: Participation, gone: frozenset[RungName]) -> Rankers | None:
    experiment = part.running.experiment
    if experiment.over is not Over.INTERLEAVE:
        return None
    name, variants = part.running.experiment_id, experiment.variants
    courses = (Course(name, ceiling=one.ceiling, without=gone) for one in variants)
    return Rankers(part.running, tuple(one.name for one in variants), tuple(courses))


def _by_arms(experiment: Experiment, person: Person) -> bool:
    if experiment.over is not Over.CHANNEL:
        return False
    left = {
        person.channels.intersection(one.arms) if one.arms else person.channels
        for one in experiment.variants
    }
    return len(left) > 1
