"""From a user id to a rendered answer: remember, gather, climb, render."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from api.answers import decisions, render
from api.answers.gather import Recall
from api.model.served import Serving
from api.requests.query import Asked
from api.runtime import json, logs
from api.runtime.ids import uuid7
from api.runtime.json import Json
from recsys.audience import Audience
from recsys.channel.choice import ChannelChoice
from recsys.channel.decision import Decision
from recsys.channel.eligibility import ChannelQuery
from recsys.channel.exploration import ExplorationDraw, ExplorationSchedule
from recsys.churn.risk import ChurnQuery
from recsys.data.person import NO_SEGMENT, Person, Remembered
from recsys.data.times import SECOND
from recsys.errors import StoreUnavailable
from recsys.ladder import Climb, OnFailure, Question, Reason, RungName
from recsys.segments.rule import Rule

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from api.runtime.metrics import Metrics
    from recsys.storage.users.live_state import LiveState

FORCED = "force_rung is for experiments: this answer is not what the ladder would have served"
BLIND = (
    "the event store is unavailable: consents and recent events are not known, "
    "so nobody is profiled and no channel may be used"
)
RECALLED = (
    "the event store is unavailable: what this user did and allowed is as it was {seconds} s ago"
)
FORGOTTEN = (
    "the event store is unavailable: recent events are not known, and no channel may be used"
)
NO_LIST = "lists are learnt for rfm segments and traits, not for {}"
NOT_PROFILED = "this user denied profiling, or nothing is known of the consent"
NO_COHORTS: Mapping[str, Rule] = MappingProxyType({})
NONE_AT_ALL = ExplorationSchedule(0.0, 0.0, 0)


class Desk:
    """Answers about users, with whatever model version it is handed.

    Parameters
    ----------
    live_state : LiveState
        Remembers what happened since training.
    metrics : Metrics
        Told of every answer and every rung that failed.
    logger : FilteringBoundLogger
        Told of every rung that failed.
    recall : Recall or None
        Keeps users in mind for when the log cannot be read; None keeps nobody.
    curiosity : ExplorationSchedule
        Share of channel decisions with an id that explore.
    cohorts : mapping of str to Rule
        The cohorts that every user is looked for in.
    """

    def __init__(
        self,
        live_state: LiveState,
        *,
        metrics: Metrics,
        logger: FilteringBoundLogger,
        recall: Recall | None = None,
        curiosity: ExplorationSchedule = NONE_AT_ALL,
        cohorts: Mapping[str, Rule] = NO_COHORTS,
    ) -> None:
        self._live_state = live_state
        self._recall = Recall(0) if recall is None else recall
        self._curiosity = curiosity
        self._metrics = metrics
        self._logger = logger
        self.cohorts = cohorts
        self._on_failure = {question: self._reporter(question) for question in Question}

    def everything(self, serving: Serving, user_id: str, asked: Asked, *, at: int) -> Json:
        """Answer all three questions about a user."""
        person, notes = self.person(serving, user_id, asked, at=at)
        segment = person.segment_row
        names = serving.answering.bundle.segments.names
        return {
            **self._listed(serving, person, asked, notes),
            "segment": None if segment == NO_SEGMENT else names[segment],
            "membership": self._membership(serving, person),
            "channel": self._channel(serving, person, asked),
            "churn": self._churn(serving, person, asked),
            "next_cursor": None,
        }

    def recommendations(self, serving: Serving, user_id: str, asked: Asked, *, at: int) -> Json:
        """Answer which items, in which order."""
        person, notes = self.person(serving, user_id, asked, at=at, marketing=False)
        return {**self._listed(serving, person, asked, notes), "next_cursor": None}

    def channel(self, serving: Serving, user_id: str, asked: Asked, *, at: int) -> Json:
        """Answer which channel next."""
        person, notes = self.person(serving, user_id, asked, at=at)
        answer = self._channel(serving, person, asked)
        return {**_about(serving, person, notes), "channel": answer}

    def decide(
        self, serving: Serving, user_id: str, asked: Asked, *, at: int, consent_seq: int
    ) -> Decision | None:
        """Take a decision, to be logged before it is answered; None when every rung failed."""
        person, _ = self.person(serving, user_id, asked, at=at)
        climb = self._climbed(serving, person, asked)
        if climb.answer is None:
            return None
        return decisions.taken(
            climb,
            person,
            asked,
            serving,
            decisions.Draws(self._epsilon(serving), self._curiosity.seed, consent_seq),
        )

    def churn(self, serving: Serving, user_id: str, asked: Asked, *, at: int) -> Json:
        """Answer how likely the user is to churn."""
        person, notes = self.person(serving, user_id, asked, at=at, marketing=False)
        answer = self._churn(serving, person, asked)
        return {**_about(serving, person, notes), "churn": answer}

    def value(self, serving: Serving, user_id: str, asked: Asked, *, at: int) -> Json:
        """Answer what the user was worth, and is expected to be worth."""
        person, notes = self.person(serving, user_id, asked, at=at, marketing=False)
        models = serving.answering.bundle.value
        risk = self._churn(serving, person, asked) if person.profiling else None
        answer = render.value(models.answer(person), risk, models, denied=NOT_PROFILED)
        return {**_about(serving, person, notes), "value": answer}

    def segment(self, serving: Serving, name: str, asked: Asked, *, at: int) -> Json:
        """Answer which items for anybody in a segment; the trail says where it has no own list."""
        row = serving.answering.bundle.segments.row(name)
        person = Person("", at, profiling=False, segment_row=row, context=asked.context)
        answer = self._listed(serving, person, asked, [])
        del answer["user_id"]
        trail = [step for step in answer["trail"] if step["reason"] != Reason.NO_CONSENT]
        if row == NO_SEGMENT:
            for step in trail:
                if step["reason"] == Reason.NO_SEGMENT:
                    step["detail"] = NO_LIST.format(name)
        return {"segment": name, **answer, "trail": trail, "next_cursor": None}

    def person(
        self, serving: Serving, user_id: str, asked: Asked, *, at: int, marketing: bool = True
    ) -> tuple[Person, list[str]]:
        """Gather a user, and note what the reader of the answer should know.

        Without the event store nobody's consent is known: then everybody is anybody. Only the
        channel question needs what `marketing` reads: messages, and consents to channels.
        """
        notes = [FORCED] if asked.force else []
        since = serving.watermark
        try:
            remembered = self._live_state.of(user_id, since=since, at=at, marketing=marketing)
        except StoreUnavailable as error:
            self._metrics.store_read_failed()
            self._logger.warning("answering without the event store", **logs.described(error))
            remembered, told_at = self._recall.recall(user_id, since=since, marketing=marketing)
            notes.append(_without_store(remembered, told_at, at=at))
        else:
            self._recall.keep(user_id, remembered, since=since, at=at, marketing=marketing)
        answering = serving.answering
        return answering.person(user_id, remembered, at=at, context=asked.context), notes

    def belonging(self, serving: Serving, people: Sequence[Person], *, at: int) -> Audience:
        """Return where people belong, all gathered for the instant `at`."""
        on_failure = self._on_failure[Question.CHURN]
        return Audience(serving.answering, people, at=at, on_failure=on_failure)

    def _membership(self, serving: Serving, person: Person) -> Json:
        belonging = self.belonging(serving, [person], at=person.at)
        return render.membership(belonging, 0, self.cohorts)

    def _listed(self, serving: Serving, person: Person, asked: Asked, notes: list[str]) -> Json:
        answering = serving.answering
        barred = (*asked.excluded, *asked.context.cart)
        query = answering.query(
            asked.limit,
            excluded=barred,
            repeats=asked.repeats,
            per_category=asked.per_category,
        )
        began = time.perf_counter()
        climb = answering.recommend(
            person, query, on_failure=self._on_failure[Question.ITEMS], force=asked.force
        )
        self._metrics.answer(Question.ITEMS, climb.rung, time.perf_counter() - began)
        return {
            "recommendation_id": uuid7(person.at),
            **_about(serving, person, notes),
            **render.climbed(climb, explain=asked.explain),
            "items": render.items(climb, serving, person, explain=asked.explain),
        }

    def _channel(self, serving: Serving, person: Person, asked: Asked) -> Json:
        # Advice: what is not logged must not explore, nothing could be learnt from it.
        advice = replace(asked, decision="") if asked.decision else asked
        climb = self._climbed(serving, person, advice)
        hour = decisions.hour_of(climb, person, serving)
        return render.channel(climb, hour, explain=asked.explain)

    def _climbed(self, serving: Serving, person: Person, asked: Asked) -> Climb[ChannelChoice]:
        epsilon = self._epsilon(serving)
        lot = (
            ExplorationDraw(asked.decision, epsilon, self._curiosity.seed)
            if asked.decision
            else None
        )
        return self._timed(
            Question.CHANNEL,
            serving.answering.channel.climb,
            person,
            ChannelQuery(lot=lot),
            asked.force,
        )

    def _epsilon(self, serving: Serving) -> float:
        return self._curiosity.epsilon(serving.answering.bundle.channel.popular.by_channel)

    def _churn(self, serving: Serving, person: Person, asked: Asked) -> Json:
        climb = self._timed(
            Question.CHURN, serving.answering.churn.climb, person, ChurnQuery(), asked.force
        )
        return render.churn(climb, explain=asked.explain)

    def _timed(
        self,
        question: Question,
        climb: Callable[..., Climb[Any]],
        person: Person,
        query: object,
        force: RungName | None,
    ) -> Climb[Any]:
        began = time.perf_counter()
        found = climb(person, query, on_failure=self._on_failure[question], force=force)
        self._metrics.answer(question, found.rung, time.perf_counter() - began)
        return found

    def _reporter(self, question: Question) -> OnFailure:
        def failed(rung: RungName, error: Exception) -> None:
            self._metrics.rung_failed(question, rung)
            self._logger.error("rung failed", question=question, rung=rung, **logs.described(error))

        return failed


def _without_store(remembered: Remembered, told_at: int | None, *, at: int) -> str:
    if told_at is not None:
        return RECALLED.format(seconds=max(0, at - told_at) // SECOND)
    return FORGOTTEN if remembered.readable else BLIND


def _about(serving: Serving, person: Person, notes: list[str]) -> Json:
    return {
        "user_id": person.user_id,
        "model_version": serving.answering.version,
        "generated_at": json.instant(person.at),
        "notes": notes,
    }
