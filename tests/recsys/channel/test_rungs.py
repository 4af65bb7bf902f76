"""The four rungs: what each believes, whom it refuses, and what it stands on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys.channel import hyper, one_to_one, popular, segment
from recsys.channel.choice import ChannelChoice
from recsys.channel.decide import Situation
from recsys.channel.models import ChannelModels, ChannelQuery
from recsys.channel.recipients import Recipient
from recsys.data.person import NO_SEGMENT, Person
from recsys.data.times import DAY, HOUR
from recsys.ladder import Ladder, Reason, RungName, Verdict
from recsys.segments.rfm import RfmCuts
from recsys.segments.table import SegmentTable
from recsys.storage.models import artifact
from tests.present import present
from tests.recsys.channel.cases import MONDAY_NOON, TERMS, messages, models, person

SHIPPED = {
    name: Verdict(name, RungName.POPULAR, "reward", None, shipped=True, why="")
    for name in (RungName.SEGMENT, RungName.ONE_TO_ONE, RungName.HYPER)
}


def fail(_rung: RungName, error: Exception) -> None:
    raise error


def climb(someone: Person, fitted: ChannelModels | None = None) -> tuple[RungName, ChannelChoice]:
    ladder = (fitted or models(gate_error=3.0)).ladder(SHIPPED)
    climbed = ladder.climb(someone, ChannelQuery(), on_failure=fail)
    assert climbed.answer is not None
    assert climbed.rung is not None
    return climbed.rung, climbed.answer


def rung(name: RungName, ladder: Ladder[ChannelQuery, ChannelChoice] | None = None):  # type: ignore[no-untyped-def]
    return next(r for r in (ladder or models().ladder({})).rungs if r.name == name)


def one_to_one_of(someone: Person) -> list[float]:
    now = Situation.of(Recipient(someone), TERMS)
    return [each.p for each in rung(RungName.ONE_TO_ONE).believed(now)]


def table(user_segment: list[int], user_trait: list[int]) -> SegmentTable:
    return SegmentTable(
        names=("a", "b"),
        user_segment=np.array(user_segment, np.int16),
        user_trait=np.array(user_trait, np.int16),
        cuts=RfmCuts(np.zeros(4), np.zeros(3), np.zeros(4)),
    )


class TestPopular:
    def test_everybody_gets_the_arm_of_everybody(self) -> None:
        name, choice = climb(Person("x", MONDAY_NOON, channels=person().channels))
        assert (name, choice.best) == (RungName.POPULAR, "push")

    def test_a_rate_starts_from_the_prior(self) -> None:
        sent = messages(*[(0, 0, 0, n < 10) for n in range(80)])
        fitted = popular.fit(sent, half_life_days=90.0, at=MONDAY_NOON)
        assert fitted.response.mean.tolist() == pytest.approx([(10 + 1) / (80 + 20), 0.05, 0.05])
        assert fitted.unsubscribe.mean[0] == pytest.approx(1 / 580)

    def test_without_messages_the_answer_says_it_is_a_prior(self) -> None:
        fitted = ChannelModels(
            TERMS,
            popular.fit(messages(), half_life_days=90.0, at=MONDAY_NOON),
            segment=None,
            personal=None,
            moment=None,
            simulated=False,
        )
        climbed = fitted.ladder({}).climb(person(), ChannelQuery(), on_failure=fail)
        assert climbed.reason == "no messages logged: prior response rates, not measured ones"
        assert climbed.answer is not None
        assert climbed.answer.best == "email"
        assert not climbed.answer.simulated


class TestSegment:
    def test_a_segment_has_its_own_arm(self) -> None:
        stranger = person(user_row=None, segment_row=1)
        name, choice = climb(stranger)
        assert (name, choice.best) == (RungName.SEGMENT, "sms")

    @pytest.mark.parametrize("row", [NO_SEGMENT, 2])
    def test_people_in_no_segment_are_refused(self, row: int) -> None:
        refused = present(rung(RungName.SEGMENT).declines(person(segment_row=row)))
        assert refused.reason == Reason.NO_SEGMENT

    def test_the_answer_names_the_segment(self) -> None:
        assert rung(RungName.SEGMENT).because(person()) == "how segment rfm:champions responded"

    def test_segments_count_members_by_behaviour_and_by_trait(self) -> None:
        sent = messages((0, 0, 0, True), (1, 0, 0, False), (2, 0, 0, True))
        everybody = popular.fit(sent, half_life_days=90.0, at=MONDAY_NOON)
        fitted = segment.fit(
            sent, table([0, 0, -1], [1, -1, -1]), everybody, half_life_days=90.0, at=MONDAY_NOON
        )
        assert (fitted.response.weight - fitted.kappa)[:, 0].tolist() == [2.0, 1.0]

    def test_small_segments_are_shrunk_to_everybody(self) -> None:
        sent = messages((0, 0, 0, True), *[(1, 0, 0, n < 50) for n in range(1_000)])
        everybody = popular.fit(sent, half_life_days=90.0, at=MONDAY_NOON)
        fitted = segment.fit(
            sent, table([0, 1], [-1, -1]), everybody, half_life_days=90.0, at=MONDAY_NOON
        )
        assert fitted.response.mean[0, 0] < 0.2


class TestOneToOne:
    def test_a_user_has_an_arm_of_their_own(self) -> None:
        name, choice = climb(person())
        assert (name, choice.best) == (RungName.HYPER, "email")
        assert rung(RungName.ONE_TO_ONE).answer(person(), ChannelQuery()).best == "email"

    def test_the_rate_is_shrunk_to_the_segment(self) -> None:
        believed = one_to_one_of(person(segment_row=1))
        assert believed[2] == pytest.approx((7 + 10 * 0.40) / (90 + 10))

    def test_users_in_no_segment_are_shrunk_to_everybody(self) -> None:
        believed = one_to_one_of(person(segment_row=NO_SEGMENT))
        assert believed[2] == pytest.approx((7 + 10 * 0.08) / (90 + 10))

    def test_unknown_users_are_refused(self) -> None:
        refused = present(rung(RungName.ONE_TO_ONE).declines(person(user_row=None)))
        assert refused.reason == Reason.UNKNOWN_USER

    def test_users_who_never_got_a_message_are_refused(self) -> None:
        for name in (RungName.ONE_TO_ONE, RungName.HYPER):
            refused = present(rung(name).declines(person(user_row=1)))
            assert (refused.rung, refused.reason) == (name, Reason.TOO_LITTLE_HISTORY)

    def test_whoever_denied_profiling_is_answered_below(self) -> None:
        name, _ = climb(person(profiling=False))
        assert name == RungName.SEGMENT

    def test_counts_decay_but_the_number_received_does_not(self) -> None:
        sent = messages((0, 0, 0, True), (0, 0, 90, False))
        prior = np.full((2, 3), 0.1)
        fitted = one_to_one.fit(sent, prior, half_life_days=90.0, at=MONDAY_NOON + 90 * DAY)
        assert fitted.sent[0].tolist() == [1.5, 0.0, 0.0]
        assert fitted.responded[0].tolist() == [0.5, 0.0, 0.0]
        assert fitted.received.tolist() == [2, 0]
        assert fitted.means(prior)[1].tolist() == pytest.approx([0.1, 0.1, 0.1])

    def test_the_prior_of_a_user_is_behaviour_then_trait_then_everybody(self) -> None:
        fitted = present(models().segment)
        prior = one_to_one.prior_means(
            table([1, -1, -1], [0, 1, -1]), fitted, np.array([0.9, 0.9, 0.9])
        )
        assert prior[:, 2].tolist() == [0.40, 0.40, 0.9]


class TestHyper:
    def test_the_hour_changes_the_odds(self) -> None:
        only_push = frozenset({"push"})
        _, noon = climb(person(channels=only_push))
        _, evening = climb(person(channels=only_push, at=MONDAY_NOON + 7 * HOUR))
        p, later = (next(a.p for a in c.ranked if a.channel == "push") for c in (noon, evening))
        assert later / (1 - later) == pytest.approx(0.1 * p / (1 - p))

    def test_at_night_the_morning_counts(self) -> None:
        _, night = climb(person(channels=frozenset({"push"}), at=MONDAY_NOON + 10 * HOUR))
        assert night.ranked[0].p == pytest.approx((9 + 10 * 0.1) / (90 + 10))

    def test_every_recent_message_tires_up_to_seven(self) -> None:
        def p(count: int) -> float:
            sent = tuple(MONDAY_NOON - n * HOUR for n in reversed(range(count)))
            return climb(person(messages={"push": sent}))[1].ranked[0].p

        odds = [p(count) / (1 - p(count)) for count in (0, 1, 7, 9)]
        assert odds[1] / odds[0] == pytest.approx(np.exp(-0.3))
        assert odds[2] / odds[0] == pytest.approx(np.exp(-2.1))
        assert odds[3] == pytest.approx(odds[2])

    def test_the_week_before_counts_per_user(self) -> None:
        sent = messages((1, 0, 0, True), (0, 0, 1, True), (0, 1, 3, True), (0, 2, 8, True))
        assert hyper.recent_messages(sent).tolist() == [0, 0, 1, 1]
        assert hyper.recent_messages(messages()).tolist() == []

    def test_known_effects_are_recovered(self) -> None:
        rng = np.random.default_rng(5)
        n = 60_000
        base = messages(*[(0, 0, 0, False)] * 3)
        hour = rng.integers(8, 21, n)
        recent = rng.integers(0, 4, n)
        odds = np.log(0.1 / 0.9) + 0.5 * np.cos((hour - 12) * np.pi / 12) - 0.3 * recent
        sent = replace(
            base,
            user_row=np.zeros(n, np.int32),
            channel=np.zeros(n, np.int8),
            at=np.zeros(n, np.int64),
            local_hour=hour.astype(np.int8),
            pscore=np.ones(n, np.float32),
            responded=rng.random(n) < 1 / (1 + np.exp(-odds)),
            unsubscribed=np.zeros(n, bool),
        )
        fitted = hyper.fit(sent, recent, np.full(n, 0.1))
        assert fitted.fatigue[0] == pytest.approx(-0.3, abs=0.05)
        assert fitted.hour[0, 12] == pytest.approx(0.5, abs=0.12)
        assert fitted.hour[0, 18] == pytest.approx(0.0, abs=0.12)
        assert fitted.hour[0, 8:21].argmax() + 8 in (11, 12, 13)

    def test_without_responses_there_are_no_effects(self) -> None:
        fitted = hyper.fit(messages(), np.empty(0, np.int64), np.empty(0))
        assert not fitted.hour.any()
        assert not fitted.fatigue.any()


class TestLadder:
    def test_rungs_are_in_order_highest_first(self) -> None:
        names = [r.name for r in models().ladder({}).rungs]
        assert names == [RungName.HYPER, RungName.ONE_TO_ONE, RungName.SEGMENT, RungName.POPULAR]

    def test_the_arm_to_beat_comes_from_the_highest_shipped_rung_below(self) -> None:
        lost = person(user_row=0, segment_row=1)
        vague = replace(
            models(),
            personal=replace(
                models().personal,  # type: ignore[type-var]
                sent=np.zeros((2, 3), np.float32),
                responded=np.zeros((2, 3), np.float32),
            ),
        )
        kept = rung(RungName.ONE_TO_ONE, vague.ladder(SHIPPED)).answer(lost, ChannelQuery())
        assert kept.best == "sms"
        unshipped = SHIPPED | {RungName.SEGMENT: replace(SHIPPED[RungName.SEGMENT], shipped=False)}
        kept = rung(RungName.ONE_TO_ONE, vague.ladder(unshipped)).answer(lost, ChannelQuery())
        assert kept.best == "push"

    def test_a_rung_that_does_not_apply_is_not_the_one_to_beat(self) -> None:
        nowhere = person(segment_row=NO_SEGMENT, user_row=0)
        choice = rung(RungName.ONE_TO_ONE, models().ladder(SHIPPED)).answer(nowhere, ChannelQuery())
        assert choice.best == "email"

    @pytest.mark.parametrize("silent", [False, True])
    def test_models_survive_the_artifact_store(self, tmp_path: Path, *, silent: bool) -> None:
        fitted = models(gate_error=3.0)
        if silent:
            fitted = replace(fitted, segment=None, personal=None, moment=None)
        files = artifact.write(tmp_path / "channel", fitted)
        read = artifact.read(tmp_path / "channel", ChannelModels, files)
        assert read.terms == fitted.terms
        assert climb(person(), read) == climb(person(), fitted)

    def test_every_rung_says_what_it_stands_on(self) -> None:
        assert all(r.because(person()) for r in models().ladder({}).rungs)
