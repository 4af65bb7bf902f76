"""From a user id to an answer: gather, climb, say."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from api.answers import decisions
from api.answers.gather import Gather
from api.answers.gather import notes as notes_on
from api.answers.ready import ReadyAnswer
from api.messages.channel import Channel
from api.messages.churn import Churn
from api.messages.lists import listed
from api.messages.message import dump
from api.messages.reasons import in_language, why
from api.messages.trail import trail_step
from api.messages.users import (
    ChannelAnswer,
    ChurnAnswer,
    ItemsAnswer,
    Membership,
    SegmentItemsAnswer,
    UserAnswer,
    ValueAnswer,
)
from api.messages.value import Value
from api.model import languages
from api.model.experiments import Shown
from api.model.served import Serving
from api.requests.query import Query
from api.runtime import json, logs
from api.runtime.ids import uuid7
from recsys.audience import Audience
from recsys.channel.choice import ChannelChoice
from recsys.channel.decision import Decision
from recsys.channel.eligibility import ChannelQuery
from recsys.channel.exploration import ExplorationDraw, ExplorationSchedule
from recsys.churn.risk import ChurnQuery
from recsys.data.person import NO_SEGMENT, Person
from recsys.data.times import next_quarter
from recsys.experiments.plan import AS_ALWAYS, Plan
from recsys.items.slate import ItemQuery, Slate
from recsys.ladder import Climb, Course, OnFailure, Question, Reason, RungName
from recsys.segments.rule import Rule
from recsys.value.models import UserValue
from recsys.words import say

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from api.model.experiments import CurrentExperiments
    from api.runtime.metrics import Metrics

Make = Callable[[Serving, Person, Query, list[str]], tuple[ItemsAnswer, int]]

NOT_PROFILED = say("value.not_profiled")
NO_COHORTS: Mapping[str, Rule] = MappingProxyType({})
MAY_COUNT_DAYS = (None, RungName.POPULAR, RungName.HYPER)
NO_EXPLORATION = ExplorationSchedule(0.0, 0.0, 0)


class Desk:
    """Answers about users, with whatever model version it is handed.

    Parameters
    ----------
    gather : Gather
        Gathers what is known of a user.
    metrics, logger
        Told of every answer, and of every rung that failed.
    experiments : CurrentExperiments
        Who has which part in what runs.
    exploration : ExplorationSchedule
        Share of channel decisions with an id that explore.
    cohorts : mapping of str to Rule
        The cohorts that every user is looked for in.
    """

    def __init__(
        self,
        gather: Gather,
        *,
        metrics: Metrics,
        logger: FilteringBoundLogger,
        experiments: CurrentExperiments,
        exploration: ExplorationSchedule = NO_EXPLORATION,
        cohorts: Mapping[str, Rule] = NO_COHORTS,
    ) -> None:
        self.person, self.people = gather.person, gather.people
        self._gather = gather
        self.cohorts = cohorts
        self.experiments = experiments
        self.notes = True
        self._exploration = exploration
        self.metrics = metrics
        self._logger = logger
        self._on_failure = {question: self._reporter(question) for question in Question}

    def unseen(self) -> Self:
        """Return a desk whose answers no user sees: who would be in an experiment is not noted."""
        looking = copy(self)
        looking.notes = False
        return looking

    def everything(self, serving: Serving, user_id: str, query: Query, *, at: int) -> UserAnswer:
        """Answer all three questions about a user."""
        person, notes = self.person(serving, user_id, query, at=at)
        return self._all(serving, person, query, notes)[0]

    def everything_ready(self, serving: Serving, user_id: str, query: Query, *, at: int) -> bytes:
        """Return the JSON of :meth:`everything`, made once while nothing changes."""
        return self._ready(self._all, serving, user_id, query, at=at)

    def recommendations(
        self, serving: Serving, user_id: str, query: Query, *, at: int
    ) -> ItemsAnswer:
        """Answer which items, in which order."""
        person, notes = self.person(serving, user_id, query, at=at)
        return self._items(serving, person, query, notes)[0]

    def recommendations_ready(
        self, serving: Serving, user_id: str, query: Query, *, at: int
    ) -> bytes:
        """Return the JSON of :meth:`recommendations`, made once while nothing changes."""
        return self._ready(self._items, serving, user_id, query, at=at)

    def channel(self, serving: Serving, user_id: str, query: Query, *, at: int) -> ChannelAnswer:
        """Answer which channel next."""
        person, notes = self.person(serving, user_id, query, at=at)
        channel = self._channel(serving, person, query)
        answer = ChannelAnswer(**about(serving, person, notes), channel=channel)
        return in_language(answer, language_of(query, person))

    def decide(
        self, serving: Serving, user_id: str, query: Query, *, at: int, consent_seq: int
    ) -> Decision | None:
        """Take a decision, to be logged before it is answered; None when every rung failed."""
        person, _ = self.person(serving, user_id, query, at=at)
        plan = self.planned(Question.CHANNEL, serving, person, query)
        climb = self._climbed(serving, person, query, plan)
        if climb.answer is None:
            return None
        epsilon = 0.0 if plan.held_out else self._epsilon(serving)
        draws = decisions.Draws(epsilon, self._exploration.seed, consent_seq)
        query = decisions.told_apart(plan, query)
        return decisions.taken(climb, person, query, serving, draws)

    def churn(self, serving: Serving, user_id: str, query: Query, *, at: int) -> ChurnAnswer:
        """Answer how likely the user is to churn."""
        person, notes = self.person(serving, user_id, query, at=at)
        answer = ChurnAnswer(
            **about(serving, person, notes), churn=self.risk(serving, person, query)
        )
        return in_language(answer, language_of(query, person))

    def risk(self, serving: Serving, person: Person, query: Query) -> Churn:
        """Answer how likely somebody who was gathered already is to churn."""
        climb = serving.answering.churn.climb
        found = self._timed(Question.CHURN, climb, person, ChurnQuery(), query.force_rung)
        return Churn.climbed(found, explain=query.explain)

    def value(self, serving: Serving, user_id: str, query: Query, *, at: int) -> ValueAnswer:
        """Answer what the user was worth, and is expected to be worth."""
        person, notes = self.person(serving, user_id, query, at=at)
        models, found = serving.answering.bundle.value, worth(serving, person)
        value = (
            Value(reason=str(NOT_PROFILED), why=why(NOT_PROFILED))
            if found is None
            else Value.said(found, self.risk(serving, person, query), models)
        )
        answer = ValueAnswer(**about(serving, person, notes), value=value)
        return in_language(answer, language_of(query, person))

    def segment(self, serving: Serving, name: str, query: Query, *, at: int) -> SegmentItemsAnswer:
        """Answer which items for anybody in a segment; where it has no list, what is popular."""
        answering = serving.answering
        declined, items = answering.declines_list(name), answering.bundle.items.segment
        row = items.named(name) if declined is None else NO_SEGMENT
        person = Person("", at, profiling=False, segment_row=row, context=query.context)
        plan = self.planned(Question.ITEMS, serving, person, query)
        taken_out = plan.course is not None and items.name in plan.course.without
        if declined is None and not taken_out and not query.force_rung:
            query = msgspec.structs.replace(query, force_rung=items.name)
        listed = self.listed(serving, person, query, self.wanted(serving, query), plan)
        trail = [
            step
            for step in listed["trail"]
            if step.reason not in {Reason.NO_CONSENT, Reason.FORCED}
        ]
        if declined is not None:
            instead = say("items.instead", because=declined.detail)
            listed["rung_reason"], listed["rung_why"] = str(instead), why(instead)
            trail = [trail_step(declined) if s.rung == items.name else s for s in trail]
        said = about(serving, person, [])
        del said["user_id"]
        answer = SegmentItemsAnswer(**{**listed, "trail": trail}, **said, segment=name)
        return in_language(answer, language_of(query, person))

    def audience(self, serving: Serving, people: Sequence[Person], *, at: int) -> Audience:
        """Return where people belong, all gathered for the instant `at`."""
        on_failure = self._on_failure[Question.CHURN]
        return Audience(serving.answering, people, at=at, on_failure=on_failure)

    def language(self, serving: Serving, user_id: str, query: Query, *, at: int) -> str:
        """Return the language of who asks about a user that was gathered for this request."""
        known, _ = self._gather.known(user_id, since=serving.watermark, at=at, again=True)
        return languages.chosen(query.lang, known.remembered.traits, query.accepts)

    def on_failure(self, question: Question) -> OnFailure:
        """Return what is told of every rung of a question that fails."""
        return self._on_failure[question]

    def planned(
        self, question: Question, serving: Serving, person: Person, query: Query, *,
        any_version: bool = False,
    ) -> Plan:  # fmt: skip
        """Return what experiments make of the answer to a question."""
        if query.force_rung:
            return AS_ALWAYS
        return self.experiments.plan(question, person, serving, any_version=any_version)

    def note(
        self, plan: Plan, person: Person, serving: Serving, question: Question, shown: Shown
    ) -> None:
        """Note that somebody takes part in experiments, unless this is seen by nobody."""
        if self.notes:
            self.experiments.note(plan, person, serving, question, shown)

    def _ready(self, make: Make, serving: Serving, user_id: str, query: Query, *, at: int) -> bytes:
        began = time.perf_counter()
        known, note = self._gather.known(user_id, since=serving.watermark, at=at)
        short = languages.chosen(query.lang, known.remembered.traits, query.accepts)
        asked = (make, query, self.experiments.seq, short)
        ready = known.ready.get(asked)
        if ready is not None and ready.holds(serving, at):
            for question, rung in ready.rungs:
                self.metrics.answer(question, rung, time.perf_counter() - began)
            return ready.written(at)
        person = known.person(serving.answering, user_id, at=at, context=query.context)
        answer, until = make(serving, person, query, notes_on(query, note))
        until = min(until, self.experiments.holds_until(at))
        if until > at and not note:
            kept = ReadyAnswer.of(answer, serving, since=at, until=until)
            self._gather.memory.put(user_id, known, asked, kept)
        return dump(answer)

    def _items(
        self, serving: Serving, person: Person, query: Query, notes: list[str]
    ) -> tuple[ItemsAnswer, int]:
        """Return which items, and the first instant at which they may be others."""
        plan = self.planned(Question.ITEMS, serving, person, query, any_version=True)
        champion = serving
        if (serving := self.experiments.serving(plan, champion)) is not champion:
            person, notes = self.person(serving, person.user_id, query, at=person.at, again=True)
        wanted = self.wanted(serving, query)
        listed = self.listed(serving, person, query, wanted, plan, champion)
        answer = ItemsAnswer(**listed, **about(serving, person, notes))
        answer = in_language(answer, language_of(query, person))
        return answer, serving.answering.listed_until(person, live_for=self._gather.memory.live_for)

    def _all(
        self, serving: Serving, person: Person, query: Query, notes: list[str]
    ) -> tuple[UserAnswer, int]:
        """Return all three answers, and the first instant at which they may be others."""
        audience = self.audience(serving, [person], at=person.at)
        (membership,) = Membership.of(audience, 1, self.cohorts)
        answer = whole(
            serving, person, notes,
            self.listed(serving, person, query, self.wanted(serving, query)), membership,
            self._channel(serving, person, query), self.risk(serving, person, query),
        )  # fmt: skip
        answer = in_language(answer, language_of(query, person))
        # Rules of cohorts may count the days up to this very instant; hours turn on quarters.
        if self.cohorts:
            return answer, person.at
        listed_until = serving.answering.listed_until(person, live_for=self._gather.memory.live_for)
        ends = [next_quarter(person.at), audience.segments_until, listed_until]
        if answer.churn.rung in MAY_COUNT_DAYS:
            ends.append(person.at + self._gather.memory.live_for)
        return answer, min(ends)

    def wanted(self, serving: Serving, query: Query) -> ItemQuery:
        """Return which items are asked for."""
        return serving.answering.query(
            query.limit,
            excluded=(*query.exclude, *query.cart),
            repeats=query.repeats,
            per_category=query.per_category,
        )

    def listed(
        self, serving: Serving, person: Person, query: Query, wanted: ItemQuery,
        plan: Plan | None = None, champion: Serving | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Return which items, in which order, as an answer says it.

        `champion`: what serves, where another version may answer by `plan`.
        """
        plan = plan or self.planned(Question.ITEMS, serving, person, query)
        answering, began = serving.answering, time.perf_counter()
        climb = answering.recommend(
            person, wanted, on_failure=self._on_failure[Question.ITEMS],
            force=query.force_rung or plan.course,
        )  # fmt: skip
        self.metrics.answer(Question.ITEMS, climb.rung, time.perf_counter() - began)
        list_id = uuid7(person.at)

        def same(other: Plan) -> bool:
            by = self.experiments.serving(other, champion or serving)
            if by is serving and other.course == plan.course:
                return True
            return _ids(climb, serving) == self._shown_by(other, by, query, person)

        self.note(plan, person, serving, Question.ITEMS, Shown("", list_id, climb, same))
        return listed(climb, serving, person, list_id=list_id, explain=query.explain)

    def advice(self, serving: Serving, person: Person, query: Query) -> Climb[ChannelChoice]:
        """Return which channel next for somebody who was gathered already."""
        # What is not logged must not explore: nothing could be learnt from it.
        return self._climbed(serving, person, msgspec.structs.replace(query, decision=""))

    def _shown_by(self, plan: Plan, serving: Serving, query: Query, person: Person) -> list[str]:
        """Return the ids of the items that somebody would be shown by another plan and version."""
        person, _ = self.person(serving, person.user_id, query, at=person.at, again=True)
        climb = serving.answering.recommend(
            person, self.wanted(serving, query), on_failure=self._on_failure[Question.ITEMS],
            force=plan.course,
        )  # fmt: skip
        return _ids(climb, serving)

    def _channel(self, serving: Serving, person: Person, query: Query) -> Channel:
        climb = self.advice(serving, person, query)
        hour = decisions.hour_of(climb, person, serving)
        return Channel.climbed(climb, hour, explain=query.explain)

    def _climbed(
        self, serving: Serving, person: Person, query: Query, plan: Plan | None = None
    ) -> Climb[ChannelChoice]:
        plan = plan or self.planned(Question.CHANNEL, serving, person, query)
        draw = (
            ExplorationDraw(query.decision, self._epsilon(serving), self._exploration.seed)
            if query.decision and not plan.held_out
            else None
        )
        asker = person
        if plan.arms is not None and not person.channels <= plan.arms:
            asker = msgspec.structs.replace(person, channels=person.channels & plan.arms)
        wanted, force = ChannelQuery(lot=draw), query.force_rung or plan.course
        climb = self._timed(
            Question.CHANNEL, serving.answering.channel.climb, asker, wanted, force
        )  # fmt: skip
        self.note(plan, person, serving, Question.CHANNEL, Shown(climb=climb))
        return climb

    def _epsilon(self, serving: Serving) -> float:
        return self._exploration.epsilon(serving.answering.bundle.channel.popular.by_channel)

    def _timed(
        self,
        question: Question,
        climb: Callable[..., Climb[Any]],
        person: Person,
        query: object,
        force: RungName | Course | None,
    ) -> Climb[Any]:
        began = time.perf_counter()
        found = climb(person, query, on_failure=self._on_failure[question], force=force)
        self.metrics.answer(question, found.rung, time.perf_counter() - began)
        return found

    def _reporter(self, question: Question) -> OnFailure:
        def failed(rung: RungName, error: Exception) -> None:
            self.metrics.rung_failed(question, rung)
            self._logger.error("rung failed", question=question, rung=rung, **logs.described(error))

        return failed


def _ids(climb: Climb[Slate], serving: Serving) -> list[str]:
    found = climb.answer.items if climb.answer else ()
    return [serving.facts[one.item_row][0] for one in found]


def worth(serving: Serving, person: Person) -> UserValue | None:
    """Return what somebody was worth, and is expected to be; None without consent to profiling."""
    return serving.answering.bundle.value.answer(person) if person.profiling else None


def language_of(query: Query, person: Person) -> str:
    """Return the language that a person is answered in."""
    return languages.chosen(query.lang, person.traits, query.accepts)


def whole(  # noqa: PLR0913 - the parts of an answer
    serving: Serving, person: Person, notes: list[str], listed: dict[str, Any],
    membership: Membership, channel: Channel, churn: Churn,
) -> UserAnswer:  # fmt: skip
    """Return the answers to all three questions as one."""
    row, names = person.segment_row, serving.answering.bundle.segments.names
    return UserAnswer(
        **listed,
        **about(serving, person, notes),
        segment=None if row == NO_SEGMENT else names[row],
        membership=membership,
        channel=channel,
        churn=churn,
    )


def about(serving: Serving, person: Person, notes: list[str]) -> dict[str, Any]:
    """Return whom an answer is about, and what made it."""
    return {
        "user_id": person.user_id,
        "model_version": serving.answering.version,
        "generated_at": json.instant(person.at),
        "notes": notes,
    }
