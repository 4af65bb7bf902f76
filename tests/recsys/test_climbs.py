"""Many who climb at once get the answers of climbing one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from recsys.climbs import Force, climb_all
from recsys.data.person import Person
from recsys.ladder import Course, Ladder, Question, Reason, RungName, Step

HIGHEST_FIRST = tuple(reversed(RungName))


@dataclass(frozen=True)
class Picky:
    """A rung that refuses some, fails with some, and has nothing to say to some."""

    name: RungName
    refuses: frozenset[int]
    breaks: frozenset[int]
    silent: frozenset[int]

    def declines(self, person: Person) -> Step | None:
        refused = person.at in self.refuses
        return Step(self.name, Reason.NO_SEGMENT, f"not {person.at}") if refused else None

    def because(self, person: Person) -> str:
        return f"{self.name} for {person.at}"

    def answer(self, person: Person, query: str) -> str | None:
        if person.at in self.breaks:
            raise ZeroDivisionError(query)
        return None if person.at in self.silent else f"{query} {person.at} from {self.name}"


class PickyOfMany(Picky):
    """The same, asked about many at once: then one whom it fails with costs it all answers."""

    def answer_all(self, people: Sequence[Person], query: str) -> list[str | None]:
        return [self.answer(person, query) for person in people]


some = st.frozensets(st.integers(0, 5), max_size=3)
rungs = st.builds(
    lambda many, *of: (PickyOfMany if many else Picky)(RungName.POPULAR, *of),
    st.booleans(), some, some, some,
)  # fmt: skip
forces = st.sampled_from(
    [None, *RungName, Course(ceiling=RungName.SEGMENT), Course("e", steps_down=True)]
)


@given(st.lists(rungs, min_size=3, max_size=3), st.lists(forces, min_size=6, max_size=6))
def test_climbing_together_is_climbing_one_by_one(above: list[Picky], forced: list[Force]) -> None:
    nobody = frozenset[int]()
    lowest = Picky(RungName.POPULAR, nobody, nobody, nobody)
    named = [
        type(rung)(name, rung.refuses, rung.breaks, rung.silent)
        for name, rung in zip(HIGHEST_FIRST, [*above, lowest], strict=True)
    ]
    ladder: Ladder[str, str] = Ladder(Question.CHURN, named, {})
    people = [Person(f"u{at}", at, profiling=at != 4) for at in range(6)]
    failed: list[RungName] = []

    def on_failure(rung: RungName, _: Exception) -> None:
        failed.append(rung)

    one_by_one = [
        ladder.climb(person, "q", on_failure=on_failure, force=force)
        for person, force in zip(people, forced, strict=True)
    ]
    alone, failed = failed, []
    assert climb_all(ladder, people, "q", on_failure=on_failure, forces=forced) == one_by_one
    assert failed == alone
