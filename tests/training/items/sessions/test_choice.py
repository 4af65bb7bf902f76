"""Whether the session at hand is listened to, and that the choice cannot see what it foretells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from recsys.algorithms.sessions.knn import SessionSettings
from recsys.algorithms.sessions.log import Sessions
from recsys.algorithms.sessions.ranker import SessionBlend
from recsys.config import Config
from recsys.ladder import RungName
from tests.present import present
from tests.training.items.sessions.walks import DAYS, MINUTE, PURCHASE, noise, ring, walks
from tests.training.items.test_measure import CONFIG, arrays, silent, three_tastes
from training import items
from training.data import TrainingData
from training.items.choose import choose
from training.items.sessions import choice as session_choice
from training.items.sessions import learning
from training.items.sessions.choice import SessionChoice, sessions_of
from training.items.sessions.log import session_log
from training.items.sessions.moments import in_sessions, moments
from training.items.windows import window
from training.segments import fit_table

SPEAKS = np.array([True, True, True, False])
Progress = Callable[[str], None]
Learned = tuple[SessionSettings, SessionBlend]

RING, NOISE = walks(ring), walks(noise)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "GRID", {"memory": (1.0, 2.0)})
    monkeypatch.setattr(session_choice, "FEWEST_SESSIONS", 5)


def chosen(world: TrainingData) -> SessionChoice | None:
    table = fit_table(world, CONFIG, at=world.interactions.end)
    return choose(world, table, CONFIG, progress=silent).sessions


def test_what_follows_by_a_rule_is_listened_to() -> None:
    found = present(chosen(RING))
    assert found.ndcg > found.part_ndcg + 0.1


def test_noise_is_not() -> None:
    assert chosen(NOISE) is None


def test_baskets_without_an_order_are_no_sessions() -> None:
    basket = walks(ring, apart=0)
    assert len(sessions_of(basket.interactions, CONFIG)) == 0
    assert chosen(basket) is None


def test_hyper_is_judged_in_the_middle_of_sessions_and_shipped() -> None:
    choice, measurement = items.measure(RING, CONFIG, progress=silent)
    assert choice.sessions is not None
    verdict = measurement.verdicts[RungName.HYPER]
    assert verdict.shipped
    assert present(verdict.lift).n > 50


def test_sessions_that_are_not_chosen_leave_the_rung_as_it_was() -> None:
    world = three_tastes()
    choice, _ = items.measure(world, CONFIG, progress=silent)
    assert choice.sessions is None


def test_the_same_data_give_the_same_model() -> None:
    table = fit_table(RING, CONFIG, at=RING.interactions.end)
    choice = choose(RING, table, CONFIG, progress=silent)
    at = RING.interactions.end
    first, second = (items.fit(RING, table, choice, CONFIG, at=at) for _ in range(2))
    assert first.at_hand is not None
    for ours, theirs in zip(arrays(first), arrays(second), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_long_silence_ends_a_session() -> None:
    log = session_log(walks(ring, users=1).interactions, SPEAKS, gap_minutes=30)
    assert len(log) == len(RING.interactions.users)
    whole = session_log(walks(ring, users=1).interactions, SPEAKS, gap_minutes=DAYS * 24 * 60)
    assert len(whole) == 1


def test_kinds_that_do_not_speak_are_no_clicks() -> None:
    speaks = np.arange(4) != PURCHASE
    assert len(session_log(RING.interactions, speaks, gap_minutes=30)) == 0


def test_users_are_asked_after_what_they_are_known_by() -> None:
    held = window(RING, CONFIG)
    found = moments(held, sessions_of(held.held_out, CONFIG), CONFIG, most=1_000)
    assert len(found.wanted) == len(np.unique(held.held_out.user_row))
    for user in found.wanted.user_row.tolist():
        seen, after = found.live.of_user(user), held.held_out.where(found.after).of_user(user)
        assert seen.at[-1] < after.at[0]
        assert len(seen) + len(after) == 6


def test_who_is_not_in_a_session_is_asked_after_the_first_day() -> None:
    held = window(RING, CONFIG)
    found = moments(held, sessions_of(held.held_out, CONFIG), CONFIG, most=10)
    mixed = in_sessions(held, found, CONFIG)
    asked = np.isin(mixed.live.user_row, found.wanted.user_row)
    assert set(mixed.wanted_later.user_row.tolist()) == set(found.wanted.user_row.tolist())
    np.testing.assert_array_equal(mixed.live.at[asked], found.live.at)
    assert asked.sum() < len(mixed.live)


def with_future(world: TrainingData, item: int) -> TrainingData:
    """Return the world in which everybody goes on with `item` alone in the window."""
    own, cutoff = world.interactions, window(world, CONFIG).cutoff
    rows = np.where(own.at >= cutoff, item, own.item_row).astype(np.int32)
    return replace(world, interactions=replace(own, item_row=rows))


def judged(
    monkeypatch: pytest.MonkeyPatch, world: TrainingData
) -> tuple[SessionChoice | None, Sessions]:
    """Return the choice and the sessions that its judged parts were learned from."""
    learned, seen = session_choice._learned, []

    def spied(early: Sessions, config: Config, progress: Progress) -> Learned:
        seen.append(early)
        return learned(early, config, progress)

    monkeypatch.setattr(session_choice, "_learned", spied)
    return chosen(world), seen[0]


def test_what_is_judged_learns_the_same_whatever_the_window_brings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, ours = judged(monkeypatch, RING)
    _, planted = judged(monkeypatch, with_future(RING, 17))
    np.testing.assert_array_equal(ours.item_row, planted.item_row)
    np.testing.assert_array_equal(ours.indptr, planted.indptr)


def test_a_planted_leak_is_caught_by_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions drawn at random cannot be foretold: only a model that saw them does better."""

    learned = session_choice._learned

    def leaking(_: Sessions, config: Config, progress: Progress) -> Learned:
        return learned(sessions_of(NOISE.interactions, config).sessions, config, progress)

    assert chosen(NOISE) is None
    monkeypatch.setattr(session_choice, "_learned", leaking)
    leaked = present(chosen(NOISE))
    assert leaked.ndcg > leaked.part_ndcg + 0.1


def test_gaps_are_counted_in_minutes() -> None:
    slow = walks(ring, apart=40 * MINUTE)
    assert len(session_log(slow.interactions, SPEAKS, gap_minutes=30)) == 0
    assert len(session_log(slow.interactions, SPEAKS, gap_minutes=45)) == len(RING.trait)
