"""The two laws of the ladder."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from recsys.data.interactions import UserEvents
from recsys.data.person import THIN_BELOW, Person, PersonKind
from recsys.evaluation.estimate import Estimate, bootstrap_mean, constant, units_for
from recsys.experiments.plan import on_trial
from recsys.ladder import (
    KindVerdict,
    Ladder,
    Question,
    Reason,
    RungName,
    Standing,
    Step,
    Verdict,
)
from tests.present import present

HIGHEST_FIRST = (RungName.HYPER, RungName.ONE_TO_ONE, RungName.SEGMENT, RungName.POPULAR)
BETTER = Estimate(0.02, 0.01, 0.03, 100)
UNCLEAR = Estimate(0.02, -0.01, 0.05, 100)


@dataclass(frozen=True)
class Says:
    """A rung that answers its own name, refuses, says nothing or breaks, as told."""

    name: RungName
    refuses: Reason | None = None
    breaks: bool = False
    silent: bool = False

    def declines(self, person: Person) -> Step | None:
        return Step(self.name, self.refuses, "as told") if self.refuses else None

    def because(self, person: Person) -> str:
        return f"{self.name} for {person.user_id}"

    def answer(self, person: Person, query: str) -> str | None:
        if self.breaks:
            raise ZeroDivisionError(query)
        return None if self.silent else f"{query} from {self.name}"


@dataclass
class Failures:
    """Remembers what it was told."""

    seen: list[tuple[RungName, Exception]] = field(default_factory=list)

    def __call__(self, rung: RungName, error: Exception) -> None:
        self.seen.append((rung, error))


def ladder(**told: Says) -> Ladder[str, str]:
    rungs = tuple(told.get(name.value, Says(name)) for name in HIGHEST_FIRST)
    return Ladder(Question.ITEMS, rungs, verdicts={})


def shipped(lift: Estimate | None) -> Verdict:
    return Verdict.on(RungName.ONE_TO_ONE, RungName.SEGMENT, "NDCG@20", lift)


def test_the_highest_rung_that_applies_answers() -> None:
    climb = ladder().climb(Person("ann", at=0), "a list", on_failure=Failures())
    assert climb.answer == "a list from hyper"
    assert climb.rung is RungName.HYPER
    assert climb.reason == "hyper for ann"
    assert [step.rung for step in climb.trail] == [RungName.HYPER]


def test_a_rung_that_does_not_apply_says_why_and_the_next_one_answers() -> None:
    rungs = ladder(hyper=Says(RungName.HYPER, refuses=Reason.NO_LIVE_EVENTS))
    climb = rungs.climb(Person("ann", at=0), "a list", on_failure=Failures())
    assert climb.rung is RungName.ONE_TO_ONE
    assert [(s.rung, s.reason) for s in climb.trail] == [
        (RungName.HYPER, Reason.NO_LIVE_EVENTS),
        (RungName.ONE_TO_ONE, Reason.SERVED),
    ]


def test_a_rung_that_breaks_costs_its_own_answer_and_is_reported() -> None:
    failures = Failures()
    rungs = ladder(hyper=Says(RungName.HYPER, breaks=True))
    climb = rungs.climb(Person("ann", at=0), "a list", on_failure=failures)
    assert climb.rung is RungName.ONE_TO_ONE
    assert climb.trail[0].reason is Reason.FAILED
    assert [(rung, type(error)) for rung, error in failures.seen] == [
        (RungName.HYPER, ZeroDivisionError)
    ]


def test_when_every_rung_breaks_there_is_no_answer_but_a_trail() -> None:
    broken = {name.value: Says(name, breaks=True) for name in HIGHEST_FIRST}
    climb = ladder(**broken).climb(Person("ann", at=0), "a list", on_failure=Failures())
    assert climb.answer is None
    assert climb.rung is None
    assert [step.reason for step in climb.trail] == [Reason.FAILED] * 4


def test_a_rung_with_nothing_left_to_offer_lets_the_next_one_answer() -> None:
    rungs = ladder(hyper=Says(RungName.HYPER, silent=True))
    climb = rungs.climb(Person("ann", at=0), "a list", on_failure=Failures())
    assert climb.rung is RungName.ONE_TO_ONE
    assert climb.trail[0].reason is Reason.NOTHING_LEFT


def test_a_rung_that_was_not_shipped_is_not_asked() -> None:
    rungs = Ladder(
        Question.ITEMS,
        ladder().rungs,
        verdicts={RungName.HYPER: Verdict.on(RungName.HYPER, RungName.ONE_TO_ONE, "x", UNCLEAR)},
    )
    climb = rungs.climb(Person("ann", at=0), "a list", on_failure=Failures())
    assert climb.rung is RungName.ONE_TO_ONE
    assert climb.trail[0].reason is Reason.NOT_SHIPPED
    assert "does not clearly beat one_to_one" in climb.trail[0].detail


def test_whoever_denied_profiling_gets_rung_one_at_most() -> None:
    climb = ladder().climb(Person("ann", at=0, profiling=False), "a list", on_failure=Failures())
    assert climb.rung is RungName.SEGMENT
    assert [s.reason for s in climb.trail[:2]] == [Reason.NO_CONSENT] * 2


def test_force_asks_one_rung_even_if_it_was_not_shipped() -> None:
    rungs = Ladder(Question.ITEMS, ladder().rungs, verdicts={RungName.ONE_TO_ONE: shipped(UNCLEAR)})
    climb = rungs.climb(
        Person("ann", at=0), "a list", on_failure=Failures(), force=RungName.ONE_TO_ONE
    )
    assert climb.rung is RungName.ONE_TO_ONE
    assert "forces one_to_one" in climb.trail[0].detail


def test_force_does_not_override_consent() -> None:
    person = Person("ann", at=0, profiling=False)
    climb = ladder().climb(person, "a list", on_failure=Failures(), force=RungName.HYPER)
    assert climb.rung is RungName.POPULAR


@given(
    st.dictionaries(
        st.sampled_from([name.value for name in HIGHEST_FIRST[:3]]),
        st.sampled_from(["refuses", "breaks", "silent"]),
    )
)
def test_rung_zero_serves_whatever_becomes_of_the_others(told: dict[str, str]) -> None:
    ways: dict[str, dict[str, Any]] = {
        "refuses": {"refuses": Reason.TOO_LITTLE_HISTORY},
        "breaks": {"breaks": True},
        "silent": {"silent": True},
    }
    rungs = ladder(**{n: Says(RungName(n), **ways[way]) for n, way in told.items()})
    climb = rungs.climb(Person("ann", at=0), "a list", on_failure=Failures())
    highest_willing = next(name for name in HIGHEST_FIRST if name.value not in told)
    assert climb.rung is highest_willing
    assert climb.trail[-1].reason is Reason.SERVED


@pytest.mark.parametrize(
    ("lift", "serves"),
    [(BETTER, True), (UNCLEAR, False), (None, False), (Estimate(0.0, 0.0, 0.0, 9), False)],
)
def test_a_rung_ships_only_if_its_lower_bound_is_above_zero(
    lift: Estimate | None, serves: bool
) -> None:
    assert shipped(lift).shipped is serves


def test_a_bootstrap_interval_covers_the_true_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for seed in range(300):
        interval = present(bootstrap_mean(rng.exponential(2.0, 200), seed=seed, resamples=400))
        covered += interval.low <= 2.0 <= interval.high
    assert 0.90 <= covered / 300 <= 0.98


def test_the_same_seed_gives_the_same_interval_and_one_user_gives_none() -> None:
    figures = np.array([0.0, 1.0, 1.0, 0.5])
    assert bootstrap_mean(figures, seed=1) == bootstrap_mean(figures, seed=1)
    assert bootstrap_mean(figures[:1], seed=1) is None


@pytest.mark.parametrize("n", [2_000, 6_000])
def test_figures_that_share_their_resamples_have_the_interval_of_their_spread(n: int) -> None:
    rng = np.random.default_rng(5)
    for _ in range(2):
        figure = rng.normal(1.0, 2.0, n)
        interval = present(bootstrap_mean(figure, seed=1))
        half = 1.96 * figure.std() / np.sqrt(n)
        assert interval.low == pytest.approx(figure.mean() - half, abs=half / 10)
        assert interval.high == pytest.approx(figure.mean() + half, abs=half / 10)


def test_so_many_units_make_the_interval_asked_for() -> None:
    n = units_for(0.05, confidence=0.95)
    figures = (np.arange(n) % 2).astype(np.float64)
    interval = present(bootstrap_mean(figures, seed=1))
    assert interval.high - interval.low == pytest.approx(2 * 0.05, rel=0.1)


@given(st.floats(1e-6, 1e3), st.integers(2, 400), st.floats(-1e-12, 1e-12), st.integers(0, 2**31))
def test_a_gain_that_is_the_same_for_everybody_is_not_measurable(
    gain: float, n: int, rounding: float, seed: int
) -> None:
    figures = np.full(n, gain)
    figures[0] *= 1 + rounding
    verdict = shipped(bootstrap_mean(figures, seed=seed, resamples=100))
    assert not verdict.shipped
    assert verdict.lift is None
    assert "not measurable" in verdict.why


def test_what_could_not_be_measured_says_why() -> None:
    outcome = np.ones(7, bool)
    verdict = Verdict.on(RungName.SEGMENT, RungName.POPULAR, "log likelihood", constant(outcome))
    assert verdict.why == (
        "not shipped: could not be measured: all 7 held-out outcomes are the same"
    )
    assert constant(np.array([True, False])) is None
    assert constant(outcome[:0]) is None


def person_of(kind: PersonKind) -> Person:
    def did(n: int) -> UserEvents:
        return UserEvents(
            np.zeros(n, np.int32), np.zeros(n, np.int8), np.arange(n), *np.ones((2, n))
        )

    past = {PersonKind.HISTORY: THIN_BELOW, PersonKind.THIN: THIN_BELOW - 1}.get(kind, 0)
    return Person("ann", at=0, past=did(past), live=did(int(kind is PersonKind.NEW_LIVE)))


@pytest.mark.parametrize("kind", PersonKind)
def test_a_person_is_of_the_kind_that_the_events_say(kind: PersonKind) -> None:
    assert person_of(kind).kind is kind


def by_kind(**standings: Standing) -> Ladder[str, str]:
    kinds = {
        PersonKind(kind): KindVerdict(RungName.POPULAR, None, None, standing, f"it is {standing}")
        for kind, standing in standings.items()
    }
    verdict = replace(shipped(BETTER), rung=RungName.HYPER, by_kind=kinds)
    return Ladder(Question.ITEMS, ladder().rungs, verdicts={RungName.HYPER: verdict})


@pytest.mark.parametrize(("standing", "reason"), [
    (Standing.SHIPPED, Reason.SERVED),
    (Standing.TRIAL, Reason.ON_TRIAL),
    (Standing.OUT, Reason.NOT_SHIPPED),
])  # fmt: skip
def test_a_rung_answers_the_kinds_that_it_is_shipped_for(
    standing: Standing, reason: Reason
) -> None:
    new = person_of(PersonKind.NEW_LIVE)
    climb = by_kind(new_with_events=standing).climb(new, "a list", on_failure=Failures())
    assert climb.trail[0].reason is reason
    if reason is not Reason.SERVED:
        assert f"it is {standing}" in climb.trail[0].detail


def test_who_could_not_have_it_anyway_is_in_no_half_of_a_trial() -> None:
    rungs, new = by_kind(new_with_events=Standing.TRIAL), person_of(PersonKind.NEW_LIVE)
    denied = rungs.climb(structs.replace(new, profiling=False), "a list", on_failure=Failures())
    assert denied.trail[0].reason is Reason.NO_CONSENT


def test_a_rung_on_trial_is_one_that_would_answer() -> None:
    rungs, new = by_kind(new_with_events=Standing.TRIAL), person_of(PersonKind.NEW_LIVE)
    assert on_trial(rungs, new, RungName.ONE_TO_ONE) is RungName.HYPER
    assert on_trial(rungs, structs.replace(new, profiling=False), RungName.SEGMENT) is None
    assert on_trial(by_kind(new_with_events=Standing.OUT), new, RungName.POPULAR) is None


@given(
    st.dictionaries(st.sampled_from(HIGHEST_FIRST[:3]), st.sampled_from(["no", "break", "silent"])),
    st.booleans(),
)
def test_a_climb_tells_which_rung_was_earned(told: dict[RungName, str], profiling: bool) -> None:
    rungs = ladder(
        **{
            str(name): Says(
                name,
                refuses=Reason.UNKNOWN_USER if how == "no" else None,
                breaks=how == "break",
                silent=how == "silent",
            )
            for name, how in told.items()
        }
    )
    person = Person("ann", at=0, profiling=profiling)
    climb = rungs.climb(person, "a list", on_failure=Failures())
    assert climb.earned is rungs.earned(person)
