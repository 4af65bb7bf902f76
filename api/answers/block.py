"""Many users at once: what the three questions answer about each, for less than one by one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from msgspec import structs

from api.answers.answer import Desk, language_of, whole
from api.messages.channel import Channel
from api.messages.churn import Churn
from api.messages.lists import listed
from api.messages.reasons import in_language
from api.messages.users import Membership, UserAnswer
from api.model.experiments import Shown
from api.model.served import Serving
from api.requests.query import Query
from api.runtime.ids import uuid7
from recsys.channel.eligibility import ChannelQuery
from recsys.channel.send_time import best_times
from recsys.channel.terms import NONE
from recsys.churn.risk import ChurnQuery
from recsys.climbs import Force, climb_all
from recsys.data.person import Person
from recsys.ladder import Climb, Ladder, Question


def everything_of(
    desk: Desk, serving: Serving, user_ids: Sequence[str], query: Query, *, at: int
) -> list[UserAnswer]:
    """Answer as :meth:`Desk.everything` about many users, in their order, for less than one by one.

    Numbers are the same up to rounding.
    """
    if not user_ids:
        return []
    people, notes = zip(*desk.people(serving, user_ids, query, at=at), strict=True)
    block = Block(desk, serving, people, query)
    parts = (block.listed(), block.memberships(at), block.channels(), block.risks())
    return [
        in_language(whole(serving, *row), language_of(query, row[0]))
        for row in zip(people, notes, *parts, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Block:
    """Users who are answered together, all gathered for the same instant.

    Attributes
    ----------
    desk : Desk
        Answers about one of them at a time.
    serving : Serving
        The model version.
    people : sequence of Person
        The users.
    query : Query
        What is asked for about each.
    """

    desk: Desk
    serving: Serving
    people: Sequence[Person]
    query: Query

    def memberships(self, at: int) -> list[Membership]:
        """Return where each is at the instant they were gathered for."""
        audience = self.desk.audience(self.serving, self.people, at=at)
        return Membership.of(audience, len(self.people), self.desk.cohorts)

    def listed(self) -> list[dict[str, Any]]:
        """Return which items for each, as an answer says it."""
        desk, serving, query, question = self.desk, self.serving, self.query, Question.ITEMS
        plans = [desk.planned(question, serving, person, query) for person in self.people]
        began = time.perf_counter()
        climbs = serving.answering.recommend_all(
            self.people,
            desk.wanted(serving, query),
            on_failure=desk.on_failure(question),
            forces=[query.force_rung or plan.course for plan in plans],
        )
        self._told(question, climbs, began)
        ids = [uuid7(person.at) for person in self.people]
        for plan, person, climb, list_id in zip(plans, self.people, climbs, ids, strict=True):
            desk.note(plan, person, serving, question, Shown(list_id=list_id, climb=climb))
        said = partial(listed, explain=query.explain)
        return [
            said(climb, serving, person, list_id=list_id)
            for climb, person, list_id in zip(climbs, self.people, ids, strict=True)
        ]

    def channels(self) -> list[Channel]:
        """Return which channel next for each: advice, which is not logged and does not explore."""
        question, models = Question.CHANNEL, self.serving.answering.bundle.channel
        plans = [self.desk.planned(question, self.serving, p, self.query) for p in self.people]
        people = []
        for plan, person in zip(plans, self.people, strict=True):
            kept = person.channels if plan.arms is None else person.channels & plan.arms
            people.append(
                structs.replace(person, channels=kept) if kept != person.channels else person
            )
        forces = [self.query.force_rung or plan.course for plan in plans]
        ladder = self.serving.answering.channel
        climbs = self._climbed(ladder, people, ChannelQuery(), forces)
        for plan, person, climb in zip(plans, self.people, climbs, strict=True):
            self.desk.note(plan, person, self.serving, question, Shown(climb=climb))
        arms = [NONE if climb.answer is None else climb.answer.best for climb in climbs]
        hours = best_times(self.people, arms, models.rhythm, models.terms, models.hours)
        explain = self.query.explain
        return [
            Channel.climbed(climb, hour, explain=explain)
            for climb, hour in zip(climbs, hours, strict=True)
        ]

    def risks(self) -> list[Churn]:
        """Return how likely each is to churn."""
        forces = [self.query.force_rung] * len(self.people)
        ladder = self.serving.answering.churn
        climbs = self._climbed(ladder, self.people, ChurnQuery(), forces)
        return [Churn.climbed(climb, explain=self.query.explain) for climb in climbs]

    def _climbed(
        self,
        ladder: Ladder[Any, Any],
        people: Sequence[Person],
        query: Any,
        forces: Sequence[Force],
    ) -> list[Climb[Any]]:
        began = time.perf_counter()
        on_failure = self.desk.on_failure(ladder.question)
        climbs = climb_all(ladder, people, query, on_failure=on_failure, forces=forces)
        self._told(ladder.question, climbs, began)
        return climbs

    def _told(self, question: Question, climbs: Sequence[Climb[Any]], began: float) -> None:
        each = (time.perf_counter() - began) / len(climbs)
        for climb in climbs:
            self.desk.metrics.answer(question, climb.rung, each)
