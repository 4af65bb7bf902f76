"""Exploring: within the law, with a known probability."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from scipy.stats import chisquare

from recsys.channel.choice import ChannelChoice
from recsys.channel.eligibility import ChannelQuery
from recsys.channel.exploration import ExplorationDraw, draw
from recsys.channel.terms import NONE
from recsys.data.person import Person
from recsys.ladder import RungName
from tests.present import present
from tests.recsys.channel import fuzz
from tests.recsys.channel.cases import models, person

ARMS = ["none", "email", "push", "sms"]


def asked(decision: str, *, epsilon: float = 0.3, someone: Person | None = None) -> ChannelChoice:
    rung = models().ladder({}).rungs[-1]
    query = ChannelQuery(lot=ExplorationDraw(decision, epsilon, 7))
    return present(rung.answer(someone or person(), query))


def test_explored_arms_are_eligible_and_their_share_is_epsilon() -> None:
    ladder, n, explored = fuzz.ladder(), 5_000, 0
    for someone, query in fuzz.people(n, seed=1):
        choice = present(ladder.climb(someone, query, on_failure=_fail).answer)
        assert fuzz.wrongs(someone, choice) == []
        explored += choice.explored
    error = math.sqrt(fuzz.EPSILON * (1 - fuzz.EPSILON) / n)
    assert abs(explored / n - fuzz.EPSILON) <= 3 * error


def test_fuzzed_decisions_keep_the_law() -> None:
    ladder = fuzz.ladder()
    for someone, query in fuzz.people(10_000, seed=2):
        choice = present(ladder.climb(someone, query, on_failure=_fail).answer)
        assert fuzz.wrongs(someone, choice) == []


def test_arms_are_drawn_as_often_as_their_pscores_say() -> None:
    choices = [asked(f"d{n}") for n in range(8_000)]
    told = {arm.channel: arm.pscore for arm in choices[0].ranked}
    assert told == pytest.approx({"none": 0.075, "email": 0.075, "push": 0.775, "sms": 0.075})
    seen = Counter(choice.best for choice in choices)
    expected = [8_000 * told[arm] for arm in ARMS]
    assert chisquare([seen[arm] for arm in ARMS], expected).pvalue > 0.001
    assert all(choice.pscore == told[choice.best] for choice in choices)


def test_the_lots_of_users_and_of_decisions_are_uniform_and_independent() -> None:
    numbers = np.array(
        [[ExplorationDraw(f"d{d}", 0.1, 7).drawn(f"u{u}") for d in range(100)] for u in range(100)]
    )
    assert chisquare(np.histogram(numbers, 20, (0, 1))[0]).pvalue > 0.001
    assert abs(np.corrcoef(numbers[:, 0], numbers[:, 1])[0, 1]) < 0.35
    assert abs(np.corrcoef(numbers[0], numbers[1])[0, 1]) < 0.35


def test_the_same_decision_asked_again_gives_the_same_arm() -> None:
    assert [asked(f"d{n}").best for n in range(50)] == [asked(f"d{n}").best for n in range(50)]
    assert ExplorationDraw("d", 0.1, 7).drawn("u") != ExplorationDraw("d", 0.1, 8).drawn("u")
    assert ExplorationDraw("1:d", 0.1, 7).drawn("u") != ExplorationDraw("d", 0.1, 7).drawn("u:1")


def test_without_a_lot_the_best_arm_is_certain() -> None:
    choice = present(models().ladder({}).rungs[-1].answer(person(), ChannelQuery()))
    assert (choice.pscore, choice.explored) == (1.0, False)
    assert [arm.pscore for arm in choice.ranked] == [1.0, 0.0, 0.0, 0.0]


def test_an_explored_arm_says_so_and_the_best_keeps_its_reason() -> None:
    choice = next(c for n in range(200) if (c := asked(f"d{n}")).explored and c.best == "sms")
    assert (
        choice.ranked[0].reason == "drawn among all that may be used, to learn how people respond"
    )
    reasons = {arm.channel: arm.reason for arm in choice.ranked}
    assert reasons["push"] == "worth most of what may be used"


def test_who_may_be_sent_nothing_is_sent_nothing() -> None:
    nobody = person(channels=frozenset())
    assert {asked(f"d{n}", someone=nobody).best for n in range(50)} == {NONE}
    assert asked("d", someone=nobody).pscore == pytest.approx(1)


def test_exploring_always_draws_all_eligible_arms_alike() -> None:
    seen = Counter(asked(f"d{n}", epsilon=1.0).best for n in range(2_000))
    assert chisquare([seen[arm] for arm in ARMS]).pvalue > 0.001


@given(
    st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=5),
    st.floats(0, 1),
    st.text(max_size=5),
    st.text(max_size=5),
)
def test_pscores_always_sum_to_one(
    granted: list[list[bool]], epsilon: float, user: str, decision: str
) -> None:
    usable = list(np.array(granted).T)
    lot = ExplorationDraw(decision, epsilon, 1).drawn(user)
    drawn = draw(np.full(len(granted), 3), usable, epsilon=epsilon, lot=np.full(len(granted), lot))
    pscores = np.column_stack(drawn.pscores)
    assert pscores.sum(axis=1) == pytest.approx(1)
    assert (pscores[np.arange(len(granted)), drawn.arm] > 0).all()
    assert not pscores[:, :-1][~np.array(granted)].any()
    for row, own in enumerate(granted):
        alone = draw(3, own, epsilon=epsilon, lot=lot)
        assert (alone.arm, alone.explored) == (drawn.arm[row], drawn.explored[row])
        assert alone.pscores == pytest.approx(pscores[row])


def test_every_rung_explores_alike() -> None:
    query = ChannelQuery(lot=ExplorationDraw("d", 1.0, 7))
    rungs = models().ladder({}).rungs
    drawn = {
        rung.name: rung.answer(structs.replace(person(), user_id="u"), query) for rung in rungs
    }
    assert set(drawn) == set(RungName)
    assert len({choice.best for choice in drawn.values() if choice}) == 1


def _fail(_rung: RungName, error: Exception) -> None:
    raise error
