"""Many people climb one ladder at once: the answers of climbing one by one, for less."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from recsys.data.person import Person
from recsys.ladder import (
    Climb,
    Course,
    Ladder,
    OnFailure,
    Reason,
    Rung,
    RungName,
    Step,
    or_declines,
)

Query = TypeVar("Query")
QueryIn = TypeVar("QueryIn", contravariant=True)
Answer = TypeVar("Answer")
AnswerOut = TypeVar("AnswerOut", covariant=True)
Force = RungName | Course | None


@runtime_checkable
class AnswersMany(Protocol[QueryIn, AnswerOut]):
    """A rung that answers many people for less than one by one."""

    def answer_all(self, people: Sequence[Person], query: QueryIn) -> Sequence[AnswerOut | None]:
        """Answer each as ``answer`` does, up to rounding."""


def climb_all(
    ladder: Ladder[Query, Answer],
    people: Sequence[Person],
    query: Query,
    *,
    on_failure: OnFailure,
    forces: Sequence[Force],
) -> list[Climb[Answer]]:
    """Return what :meth:`recsys.ladder.Ladder.climb` does of each, with what forces each.

    Each rung is asked once, about all whom no higher one takes. Whomever it then has nothing to say
    to, or fails with, climbs alone: a rung costs its own answers only.
    """
    trails, taken = first_rungs(ladder, people, forces)
    found: dict[int, Climb[Answer]] = {}
    for number, places in taken.items():
        rung = ladder.rungs[number]
        answers = _answers(rung, [people[place] for place in places], query)
        for place, answer in zip(places, answers, strict=True):
            if answer is not None:
                because = ladder.tried(
                    rung.because(people[place]), rung.name, people[place], forces[place]
                )
                found[place] = served(rung.name, answer, trails[place], because=because)
    return [
        found.get(place) or ladder.climb(person, query, on_failure=on_failure, force=forces[place])
        for place, person in enumerate(people)
    ]


def first_rungs(
    ladder: Ladder[Any, Any], people: Sequence[Person], forces: Sequence[Force]
) -> tuple[list[list[Step]], dict[int, list[int]]]:
    """Return the rungs that refuse each before one takes it, and the places of whom each takes.

    Rungs by their number. Who steps down, and whom no rung takes, is with none.
    """
    trails: list[list[Step]] = [[] for _ in people]
    taken: dict[int, list[int]] = {}
    refusals: dict[Any, list[Step | None]] = {}
    for place, (person, force) in enumerate(zip(people, forces, strict=True)):
        if isinstance(force, Course) and force.steps_down:
            continue
        # What the ladder says is the same for many; courses are told apart by which they are.
        alike = (person.kind, person.profiling, person.readable, id(force))
        said = refusals.get(alike)
        if said is None:
            said = [ladder.refusal(rung.name, person, force) for rung in ladder.rungs]
            refusals[alike] = said
        trail = trails[place]
        for number, (rung, passed) in enumerate(zip(ladder.rungs, said, strict=True)):
            refused = or_declines(passed, rung, person)
            if refused is None:
                taken.setdefault(number, []).append(place)
                break
            trail.append(refused)
    return trails, taken


def served(name: RungName, answer: Answer, trail: Sequence[Step], *, because: str) -> Climb[Answer]:
    """Return the climb of somebody whom a rung took and answered, and what that stands on."""
    return Climb(answer, name, because, (*trail, Step(name, Reason.SERVED, because)))


def _answers(
    rung: Rung[Query, Answer], people: Sequence[Person], query: Query
) -> Sequence[Answer | None]:
    """Return the answers of a rung; None of those who have to climb alone."""
    try:
        if isinstance(rung, AnswersMany):
            return rung.answer_all(people, query)
        return [rung.answer(person, query) for person in people]
    except Exception:  # noqa: BLE001 - told of when they climb alone
        return [None] * len(people)
