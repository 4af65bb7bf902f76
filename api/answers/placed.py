"""From a placement to what it shows to somebody, or to anybody."""

from __future__ import annotations

import time
from copy import copy
from dataclasses import replace
from hashlib import sha256
from itertools import repeat
from typing import TYPE_CHECKING, Any, Self

from api.answers.answer import language_of
from api.messages.message import dump
from api.messages.placements import Explored, Interleaved, PlacedItem, PlacementItems
from api.messages.reasons import in_language, why
from api.messages.trail import climbed
from api.model.experiments import Shown
from api.model.reasons import SILENCE
from api.runtime import ids, json
from recsys.data.person import NO_SEGMENT, Person
from recsys.experiments.plan import AS_ALWAYS, Plan, Rankers
from recsys.ladder import Question, Reason
from recsys.placements.explore import Draw, seed_of
from recsys.placements.serve import Moment, PlacedList, show
from recsys.placements.sources import TwoRankers
from recsys.words import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.answers.gather import Gather
    from api.model.experiments import CurrentExperiments
    from api.model.placements import CurrentPlacements
    from api.model.served import Serving
    from api.requests.query import Query
    from api.runtime.metrics import Metrics
    from recsys.experiments.interleaving import Team
    from recsys.ladder import Course, OnFailure
    from recsys.placements.rules import Rules
    from recsys.placements.versions import PlacementVersion

MOST_KEPT = 256
"""Lists for nobody in particular that are kept."""

NOT_IN_FORCE = say("items.not_in_force")


class Draft:
    """One list of two rankers, and who picked what.

    Parameters
    ----------
    rankers : Rankers
        The two.
    person : Person
        Whom the list is for.
    """

    def __init__(self, rankers: Rankers, person: Person) -> None:
        first, second = rankers.courses
        self.courses = first, second
        self._rankers = rankers
        self._seed = rankers.seed(person.unit, person.at)
        self._teams: dict[int, Team] = {}

    def mix(self, a: Sequence[int], b: Sequence[int], length: int) -> list[tuple[int, int]]:
        """Return the rows of both in one order, and from whose list each is taken."""
        from recsys.experiments.interleaving import Team, team_draft

        made = team_draft(a, b, length, seed=self._seed)
        self._teams.update(zip(made.items, made.teams, strict=True))
        return [(row, max(Team.A, team)) for row, team in zip(made.items, made.teams, strict=True)]

    def said(self, answer: PlacementItems, serving: Serving) -> Interleaved:
        """Return which variant proposed which item of a list."""
        names = self._rankers.names
        by_id = {serving.facts[row][0]: team for row, team in self._teams.items() if team >= 0}
        teams = {
            one.item_id: names[by_id[one.item_id]] for one in answer.items if one.item_id in by_id
        }
        return Interleaved(self._rankers.running.experiment_id, teams)


class PlacementDesk:
    """Answers what placements show, with whatever model version it is handed.

    Parameters
    ----------
    gather : Gather
        Gathers what is known of a user.
    current : CurrentPlacements
        The placements.
    on_failure : callable
        Told of every rung that failed.
    metrics : Metrics
        Told of every answer.
    experiments : CurrentExperiments
        Who has which part in what runs.
    """

    def __init__(
        self,
        gather: Gather,
        current: CurrentPlacements,
        *,
        on_failure: OnFailure,
        metrics: Metrics,
        experiments: CurrentExperiments,
    ) -> None:
        self._experiments = experiments
        self.notes = True
        self._person = gather.person
        self._current = current
        self._on_failure = on_failure
        self._metrics = metrics
        self._kept: dict[Any, tuple[PlacementItems, Serving, Rules]] = {}

    def unseen(self) -> Self:
        """Return a desk whose lists no user sees: who would be in an experiment is not noted."""
        looking = copy(self)
        looking.notes = False
        return looking

    def shown(
        self,
        serving: Serving,
        placement_id: str,
        query: Query,
        *,
        at: int,
        limit: int | None = None,
    ) -> PlacementItems:
        """Return what a placement shows; `limit` wins over what the request and the placement say.

        Raises
        ------
        UnknownPlacement, UnknownSegment
            There is none.
        """
        person, notes = self._whom(serving, query, at=at)
        plan, champion = self._planned(serving, placement_id, person, query), serving
        if (serving := self._experiments.serving(plan, champion)) is not champion:
            person, notes = self._whom(serving, query, at=at, again=True)
        saved = self._current.placements.in_force(plan.placement or placement_id, at=at)
        if saved is None:
            nothing = _nothing(placement_id, serving, person, [*notes, str(NOT_IN_FORCE)])
            return in_language(nothing, language_of(query, person))
        draft = None if plan.rankers is None else Draft(plan.rankers, person)
        course = plan.course if draft is None else TwoRankers(draft.courses, draft.mix)
        began = time.perf_counter()
        answer = self._made(saved, serving, person, (notes, query), course, limit=limit)
        self._metrics.answer(Question.ITEMS, answer.rung, time.perf_counter() - began)
        self._metrics.placed(placement_id, answer.rung)
        answer.placement = placement_id
        if draft is not None:
            answer.interleaved = draft.said(answer, serving)
        if self.notes:
            ids = [item.item_id for item in answer.items]

            def same(other: Plan) -> bool:
                by = self._experiments.serving(other, champion)
                rules = self._current.placements.in_force(other.placement or placement_id, at=at)
                if by is serving and rules is saved and other.course == plan.course:
                    return True
                return ids == self._shown_by(rules, by, query, person, other, limit=limit)

            shown = Shown(placement_id, answer.recommendation_id, same=same)
            self._experiments.note(plan, person, serving, Question.ITEMS, shown)
        return in_language(answer, language_of(query, person))

    def _made(
        self, saved: PlacementVersion, serving: Serving, person: Person,
        asked: tuple[list[str], Query], course: Course | TwoRankers | None, *, limit: int | None,
    ) -> PlacementItems:  # fmt: skip
        """Return what a version shows; to nobody in particular what it showed to nobody before.

        Time changes nothing in that: a model, a placement, an item or a lost rung does.
        """
        notes, query = asked
        rules = self._current.rules(saved, serving)
        key = (id(serving), id(rules), self._experiments.seq, limit, query)
        if not person.user_id and (kept := self._kept.get(key)):
            return copy(kept[0])
        found = self._found(saved, serving, person, query, course, limit=limit)
        answer = _said(saved, found, serving, person, notes, query)
        failed = any(step.reason is Reason.FAILED for step in found.arranged.climb.trail)
        if person.user_id or failed:
            return answer
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        # What is told apart by its id has to stay.
        self._kept[key] = answer, serving, rules
        return copy(answer)

    def _found(
        self, saved: PlacementVersion, serving: Serving, person: Person, query: Query,
        course: Course | TwoRankers | None, *, limit: int | None,
    ) -> PlacedList:  # fmt: skip
        """Return the list that the rules of a placement make for somebody."""
        wanted = limit or query.said_limit or saved.placement.limit
        force, seeds = query.force_rung or course, (*query.item, *query.cart)
        moment = Moment(wanted, query.exclude, seeds, force, self._lot(person, saved))
        rules = self._current.rules(saved, serving)
        return show(rules, serving.answering, person, moment, on_failure=self._on_failure)

    def _shown_by(
        self, saved: PlacementVersion | None, serving: Serving, query: Query, person: Person,
        plan: Plan, *, limit: int | None,
    ) -> list[str]:  # fmt: skip
        """Return the ids of the items that somebody would be shown by another plan."""
        if saved is None:
            return []
        person, _ = self._whom(serving, query, at=person.at, again=True)
        found = self._found(saved, serving, person, query, plan.course, limit=limit)
        return [serving.facts[placed.item.item_row][0] for placed in found.arranged.items]

    def _lot(self, person: Person, saved: PlacementVersion) -> int | None:
        """Return the seed of a list's draw; None where nobody would see or log it."""
        if not self.notes or not person.user_id or saved.placement.explore is None:
            return None
        return seed_of(saved.version, person.user_id, saved.placement_id, person.at)

    def _planned(self, serving: Serving, placement_id: str, person: Person, query: Query) -> Plan:
        if query.force_rung:
            return AS_ALWAYS
        plan = self._experiments.plan(
            Question.ITEMS, person, serving, placement=placement_id, any_version=True
        )
        known = self._current.placements.names
        return (
            plan
            if plan.placement in ("", *known)
            else replace(plan, placement="", parts=(), unseen=[])
        )

    def _whom(
        self, serving: Serving, query: Query, *, at: int, again: bool = False
    ) -> tuple[Person, list[str]]:
        if query.user_id:
            return self._person(serving, query.user_id, query, at=at, again=again)
        row = NO_SEGMENT
        if query.segment:
            bundle = serving.answering.bundle
            row = bundle.items.segment.named(bundle.segment(query.segment).name)
        return Person("", at, profiling=False, segment_row=row, context=query.context), []


def _said(
    saved: PlacementVersion,
    found: PlacedList,
    serving: Serving,
    person: Person,
    notes: list[str],
    query: Query,
) -> PlacementItems:
    draw, about = found.draw, climbed(found.arranged.climb, explain=query.explain)
    if not person.user_id:
        about["trail"] = [step for step in about["trail"] if step.reason != Reason.NO_CONSENT]
    manifest = serving.answering.manifest
    return _with_id(
        PlacementItems(
            recommendation_id="",
            placement=saved.placement_id,
            version=saved.version,
            user_id=person.user_id or None,
            model_version=serving.answering.version,
            # What is for anybody is the same, to the byte, until something changes.
            generated_at=json.instant(
                person.at if person.user_id else max(manifest.data_until, saved.at)
            ),
            notes=notes,
            **about,
            items=_items(found, serving, person, explain=query.explain),
            filled_by=list(found.arranged.filled_by),
            bought_percent=found.bought_percent if person.user_id else None,
            explored=_drawn(draw, serving) if draw else None,
        ),
        person,
    )


def _items(
    found: PlacedList, serving: Serving, person: Person, *, explain: bool
) -> list[PlacedItem]:
    placed, facts = found.arranged.items, serving.facts
    pscores = found.draw.pscores(len(placed)) if found.draw else repeat(None)
    items = [each.item for each in placed]
    reasons = serving.reasons.of_items(items, person) if explain else repeat(SILENCE)
    return [
        PlacedItem(
            facts[row][0], rank, score, rung, source, said, *facts[row][1:], whys,
            rules=list(rules), pscore=pscore,
        )
        for ((row, rank, score, rung, source, _, _), rules), (said, whys), pscore in zip(
            placed, reasons, pscores, strict=False
        )
    ]  # fmt: skip


def _drawn(draw: Draw, serving: Serving) -> Explored:
    return Explored(
        [place + 1 for place in draw.places], [serving.facts[row][0] for row in draw.among]
    )


def _with_id(answer: PlacementItems, person: Person) -> PlacementItems:
    if person.user_id:
        answer.recommendation_id = ids.uuid7(person.at)
    else:
        answer.recommendation_id = ids.uuid8(sha256(dump(answer)).digest())
    return answer


def _nothing(
    placement_id: str, serving: Serving, person: Person, notes: list[str]
) -> PlacementItems:
    return PlacementItems(
        recommendation_id=ids.uuid7(person.at),
        placement=placement_id,
        version=None,
        user_id=person.user_id or None,
        model_version=serving.answering.version,
        generated_at=json.instant(person.at),
        notes=notes,
        rung=None,
        rung_reason=str(NOT_IN_FORCE),
        rung_why=why(NOT_IN_FORCE),
        trail=[],
        items=[],
        filled_by=[],
        bought_percent=None,
    )
