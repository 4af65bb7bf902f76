"""Many decisions at once are the decisions made one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from recsys.channel.choice import ChannelChoice
from recsys.channel.decide import Decided, decide_all
from recsys.channel.eligibility import ChannelQuery, Exclusion
from recsys.channel.exploration import ExplorationDraw
from recsys.channel.interval import interval
from recsys.channel.popular import PopularChannel
from recsys.channel.recipients import Recipients
from recsys.channel.terms import NONE, Terms
from recsys.channel.worth import Worth, pick
from recsys.climbs import climb_all
from recsys.data.person import Person
from recsys.ladder import Ladder, RungName, Verdict
from tests.present import present
from tests.recsys.channel import cases, fuzz

Asked = tuple[Person, ChannelQuery]


def together(ladder: Ladder[ChannelQuery, ChannelChoice], asked: list[Asked]) -> Decided:
    crowd = Recipients.of([person for person, _ in asked], _terms(ladder))
    lots = np.array([query.lot.drawn(person.user_id) for person, query in asked if query.lot])
    return decide_all(ladder, crowd, epsilon=fuzz.EPSILON, lots=lots)


def _terms(ladder: Ladder[ChannelQuery, ChannelChoice]) -> Terms:
    lowest = ladder.rungs[-1]
    assert isinstance(lowest, PopularChannel)
    return lowest.terms


def same(ladder: Ladder[ChannelQuery, ChannelChoice], asked: list[Asked]) -> None:
    found, names = together(ladder, asked), (*_terms(ladder).names, NONE)
    for row, (person, query) in enumerate(asked):
        climb = ladder.climb(person, query, on_failure=fail)
        choice = present(climb.answer)
        assert names[found.arm[row]] == choice.best
        assert (found.send_at[row] or None) == choice.send_at
        assert found.explored[row] == choice.explored
        assert ladder.rungs[found.rung[row]].name == climb.rung
        assert found.pscore[row] == pytest.approx(choice.pscore)
        for arm in choice.ranked:
            place = names.index(arm.channel)
            assert found.pscores[row, place] == pytest.approx(arm.pscore)
            if arm.channel != NONE:
                told = (found.p, found.low, found.high, found.value)
                assert [column[row, place] for column in told] == pytest.approx(
                    [arm.p, arm.low, arm.high, arm.expected_value]
                )
                assert (found.excluded[row, place] == Exclusion.NOTHING) == arm.eligible


def fail(_rung: RungName, error: Exception) -> None:
    raise error


def test_fuzzed_people_get_the_same_decisions_at_once_and_one_by_one() -> None:
    same(fuzz.ladder(), list(fuzz.people(3_000, seed=5)))


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sets(st.sampled_from([RungName.SEGMENT, RungName.ONE_TO_ONE, RungName.HYPER])),
    st.sampled_from([0.05, 0.5, 20.0]),
    st.sampled_from([*fuzz.TERMS.names, NONE]),
)
def test_the_law_holds_whatever_ships_and_however_hard_the_gate(
    seed: int, shipped: set[RungName], gate_error: float, default: str
) -> None:
    verdicts = {
        rung: Verdict(rung, RungName.POPULAR, "", None, shipped=rung in shipped, why="")
        for rung in (RungName.SEGMENT, RungName.ONE_TO_ONE, RungName.HYPER)
    }
    terms = replace(fuzz.TERMS, gate_error=gate_error, default_arm=default)
    same(fuzz.models(terms).ladder(verdicts), list(fuzz.people(40, seed=seed)))


def test_the_law_holds_where_uplift_serves() -> None:
    asked = list(fuzz.people(500, seed=8))
    ladder = fuzz.models_of_uplift(fuzz.TERMS).ladder({})
    assert [rung.name for rung in ladder.rungs] == [RungName.SEGMENT, RungName.POPULAR]
    same(ladder, asked)
    assert (together(ladder, asked).p < 0).any()


def test_choices_in_words_are_those_of_each() -> None:
    asked = [person for person, _ in fuzz.people(300, seed=11)]
    ladder = fuzz.ladder()
    drawing = ChannelQuery(lot=ExplorationDraw("d", 0.5, 7))
    for query in (ChannelQuery(), drawing, ChannelQuery(offered=frozenset({"arm1", "arm2"}))):
        forces = [None] * len(asked)
        found = climb_all(ladder, asked, query, on_failure=fail, forces=forces)
        for person, together in zip(asked, found, strict=True):
            alone = ladder.climb(person, query, on_failure=fail)
            told = (alone.rung, alone.reason, alone.trail)
            assert (together.rung, together.reason, together.trail) == told
            one, other = present(together.answer), present(alone.answer)
            assert structs.replace(one, ranked=()) == structs.replace(other, ranked=())
            for arm, wanted in zip(one.ranked, other.ranked, strict=True):
                words = (arm.channel, arm.reason, arm.eligible)
                assert words == (wanted.channel, wanted.reason, wanted.eligible)
                assert arm[1:5] == pytest.approx(wanted[1:5])
                assert arm.pscore == pytest.approx(wanted.pscore)


def test_without_lots_the_best_arm_is_certain() -> None:
    asked = list(fuzz.people(50, seed=1))
    ladder = fuzz.ladder()
    crowd = Recipients.of([person for person, _ in asked], fuzz.TERMS)
    found = decide_all(ladder, crowd)
    assert found.pscore.tolist() == [1.0] * 50
    assert not found.explored.any()


def test_nobody_gets_no_decision() -> None:
    found = decide_all(fuzz.ladder(), Recipients.of([], fuzz.TERMS))
    assert len(found.arm) == 0
    assert found.pscores.shape == (0, fuzz.N_ARMS + 1)


def test_channels_that_the_caller_does_not_offer_are_left_out() -> None:
    crowd = Recipients.of([cases.person()], cases.TERMS)
    found = decide_all(cases.models().ladder({}), crowd, offered=frozenset({"sms"}))
    assert found.excluded[0].tolist() == [Exclusion.NOT_OFFERED, Exclusion.NOT_OFFERED, 0]


def test_a_part_of_a_crowd_keeps_its_messages() -> None:
    asked = [person for person, _ in fuzz.people(40, seed=3)]
    whole = Recipients.of(asked, fuzz.TERMS).part(slice(10, 30))
    part = Recipients.of(asked[10:30], fuzz.TERMS)
    order, other = (np.lexsort((c.sent_at, c.sent_channel, c.sent_to)) for c in (whole, part))
    assert (whole.sent_at[order] == part.sent_at[other]).all()
    assert (whole.sent_to[order] == part.sent_to[other]).all()
    assert (whole.granted == part.granted).all()


@given(st.floats(1e-4, 1 - 1e-4), st.floats(1e-6, 0.3))
def test_intervals_of_many_are_those_of_each(p: float, sd: float) -> None:
    low, high = interval(np.array([p]), np.array([sd]), z=1.96)
    assert (low[0], high[0]) == pytest.approx(interval(p, sd, z=1.96))


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 0.5), st.booleans()), min_size=1))
def test_what_is_picked_of_many_is_picked_of_each(rows: list[tuple[float, float, bool]]) -> None:
    value, sd, may = (np.array(column) for column in zip(*rows, strict=True))
    nothing = (Worth(0.0, 0.0), Worth(0.1, 0.2))
    for held in range(3):
        arms, usable = [Worth(value, sd), nothing[1], nothing[0]], [may, ~may, True]
        best, kept = pick(arms, usable, np.full(len(rows), held), z=1.5)
        for row, (v, s, m) in enumerate(rows):
            alone = pick([Worth(v, s), nothing[1], nothing[0]], [m, not m, True], held, z=1.5)
            assert (best[row], kept[row]) == alone
