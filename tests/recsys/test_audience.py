"""Scores of people, as rules see them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from recsys.audience import Audience, check, of_segment
from recsys.bundle import Bundle
from recsys.churn.bands import NO_RATE
from recsys.churn.models import ChurnQuery
from recsys.churn.risk import ChurnRisk
from recsys.data.person import Person, Remembered
from recsys.errors import BadRule, UnknownSegment
from recsys.ladder import Climb, OnFailure, RungName
from recsys.model_version import Answering
from recsys.segments import rule_parser
from recsys.storage.models.store import ModelStore
from tests.worlds import END, USERS, World


@dataclass(frozen=True)
class Says:
    """A ladder that says the same of everybody, from one rung."""

    p: float | None
    rung: RungName

    def climb(
        self, person: Person, query: ChurnQuery, *, on_failure: OnFailure
    ) -> Climb[ChurnRisk]:
        if self.p is None:
            return Climb(None, None, "every rung failed", ())
        return Climb(ChurnRisk.of((self.p, 0, 1), 50, 28, NO_RATE), self.rung, "a test", ())


@pytest.fixture(scope="module")
def answering(built_world: World) -> Answering:
    store = ModelStore.of(built_world.config.storage)
    bundle, manifest = store.load(built_world.version, Bundle)
    return Answering.of("v", bundle, manifest, profiling_default=True, trait="country")


def belonging(answering: Answering, *people: Person) -> Audience:
    return Audience(answering, people, at=END, on_failure=lambda *_: None)


def gathered(answering: Answering, user: str, *, profiling: bool | None = None) -> Person:
    return answering.person(user, Remembered(profiling=profiling), at=END)


def saying(answering: Answering, p: float | None, rung: RungName) -> Answering:
    return replace(answering, churn=Says(p, rung))  # type: ignore[arg-type]


def test_churn_is_what_the_ladder_answers_above_rung_0(answering: Answering) -> None:
    person = gathered(answering, "u03")
    own = saying(answering, 0.7, RungName.ONE_TO_ONE)
    assert belonging(own, person).score("churn").tolist() == [0.7]
    for p, rung in ((0.7, RungName.POPULAR), (None, RungName.ONE_TO_ONE)):
        assert np.isnan(belonging(saying(answering, p, rung), person).score("churn")).all()


def test_nobody_who_denied_profiling_has_a_score(answering: Answering) -> None:
    people = [gathered(answering, user, profiling=False) for user in USERS[:3]]
    of = belonging(saying(answering, 0.7, RungName.ONE_TO_ONE), *people)
    assert np.isnan(of.score("churn")).all()
    assert np.isnan(of.score("value")).all()


def test_value_is_that_of_the_longest_horizon_and_known_users_have_it(
    answering: Answering,
) -> None:
    known, stranger = gathered(answering, "u03"), gathered(answering, "nobody")
    found = belonging(answering, known, stranger).score("value")
    assert found[0] == pytest.approx(answering.bundle.value.value[known.user_row, -1])
    assert np.isnan(found[1])


def test_a_score_that_does_not_exist_is_of_nobody(answering: Answering) -> None:
    assert np.isnan(belonging(answering, gathered(answering, "u03")).score("luck")).all()


def test_a_rule_about_a_score_decides_by_it(answering: Answering) -> None:
    rule = rule_parser.parse({"score": "churn", "op": "gt", "value": 0.5})
    person = gathered(answering, "u03")
    for p, inside in ((0.6, True), (0.4, False)):
        of = belonging(saying(answering, p, RungName.HYPER), person)
        assert of.decide(rule).inside.tolist() == [inside]


def test_what_a_rule_names_has_to_exist(answering: Answering) -> None:
    for rule, place in (
        ({"event": "sold"}, "rule.event"),
        ({"any": [{"sequence": [{"event": "view"}, {"event": "sold"}]}]}, "rule.any[0].event"),
        ({"segment": "rfm:heroes"}, "rule.segment"),
        ({"score": "luck", "op": "eq", "value": 1}, "rule.score"),
    ):
        with pytest.raises(BadRule) as caught:
            check(rule_parser.parse(rule), answering)
        assert caught.value.path == place
    assert check(rule_parser.parse({"segment": "country:Chile"}), answering).leaves


def test_a_segment_is_a_rule_of_its_own(answering: Answering) -> None:
    assert of_segment("rfm:champions", answering).leaves[0].path == "segment"
    with pytest.raises(UnknownSegment):
        of_segment("rfm:heroes", answering)
