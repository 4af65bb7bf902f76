"""Learning the blend, and that it cannot see what it is asked to foretell."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from recsys.algorithms.als import AlsSettings
from recsys.algorithms.neighbours import NeighbourSettings
from recsys.data.times import DAY
from recsys.items.ranker import NEW
from recsys.ladder import RungName
from tests.present import present
from tests.training.items.test_measure import CONFIG, arrays, data, silent, three_tastes
from training import items
from training.data import TrainingData
from training.items import ranker_examples as showing
from training.items.choice import ItemChoice, event_weights
from training.items.ranker import LEARNT, SUMS, TASTE, BlendChoice, learn
from training.items.ranker_examples import (
    N_ITEM,
    Fitted,
    PartSettings,
    ShownUsers,
    fit_parts,
    item_signals,
)
from training.items.readings import Figures, Tomorrow
from training.items.weights import (
    FIRST,
    Learned,
    blended,
    learn_weights,
    make_blend,
    taste_first,
)
from training.items.windows import Window, earlier_windows, validation_window, window
from training.segments import fit_table

WORLD = three_tastes()


def moved() -> list[tuple[int, int, int]]:
    """Each user buys one item again and again for some weeks, then never more, then another."""
    rng = np.random.default_rng(9)
    rows = []
    for user in range(120):
        start, item = -int(rng.integers(30)), int(rng.integers(20))
        for _ in range(6):
            days = np.sort(rng.choice(np.arange(start, start + 30), size=8, replace=False))
            rows += [(user, item, int(day)) for day in days if 0 <= day < 120]
            start, item = start + 30, (item + int(rng.integers(1, 20))) % 20
    return rows


MOVING = data(moved())


def chance() -> TrainingData:
    """Everybody buys anything at any time: nothing can be foretold."""
    rng = np.random.default_rng(11)
    rows = [
        (user, int(rng.integers(20)), int(rng.integers(120)))
        for user in range(120)
        for _ in range(40)
    ]
    return data(rows)


NOISE = chance()


def settings(world: TrainingData = WORLD) -> PartSettings:
    choice = ItemChoice()
    return PartSettings(
        graph=NeighbourSettings("cosine", 20),
        factors=AlsSettings(8, 5.0, 1.0),
        on_factors=False,
        demand=0.2,
        weights=event_weights(choice, world.interactions.kinds, CONFIG),
    )


def parts(held: Window, world: TrainingData = WORLD) -> Fitted:
    return fit_parts(held.before, held.available, settings(world), CONFIG, at=held.cutoff)


def shown(world: TrainingData) -> ShownUsers:
    held = window(world, CONFIG)
    return present(showing.shown(held, parts(held, world), CONFIG, most=500))


def learned(
    world: TrainingData, windows: list[Window] | None = None
) -> tuple[BlendChoice | None, Figures]:
    """Return what is learned on the world's windows, and how it was judged."""
    windows = windows or [validation_window(world, CONFIG), *earlier_windows(world, CONFIG)]
    seen = [showing.shown(held, parts(held, world), CONFIG, most=500) for held in windows]
    judging, *learnt = [each for each in seen if each]
    tomorrow = Tomorrow.of("latest", judging, repeats=True, seed=1)
    return learn(tomorrow, learnt, settings(world), CONFIG, progress=silent)


def with_future(world: TrainingData, item: int) -> TrainingData:
    """Return the world in which everybody buys `item` in the window, and nothing else."""
    own, cutoff = world.interactions, window(world, CONFIG).cutoff
    rows = np.where(own.at >= cutoff, item, own.item_row).astype(np.int32)
    return replace(world, interactions=replace(own, item_row=rows))


def test_what_the_learner_sees_is_the_same_whatever_the_window_brings() -> None:
    ours, planted = shown(WORLD), shown(with_future(WORLD, 17))
    np.testing.assert_array_equal(ours.x, planted.x)
    np.testing.assert_array_equal(ours.item_row, planted.item_row)
    assert (ours.chosen != planted.chosen).any()
    assert set(planted.item_row[planted.chosen].tolist()) == {17}


def test_a_leak_would_be_seen() -> None:
    leaking = replace(window(WORLD, CONFIG), before=WORLD.interactions)
    peeked = present(showing.shown(leaking, parts(leaking), CONFIG, most=500))
    assert (peeked.x.shape != shown(WORLD).x.shape) or (peeked.x != shown(WORLD).x).any()


def test_a_planted_leak_is_caught_by_noise() -> None:
    """What cannot be foretold is ranked well only by parts that have seen it."""
    honest = [validation_window(NOISE, CONFIG), *earlier_windows(NOISE, CONFIG)]
    assert max(learned(NOISE, honest)[1]["latest"].values()) < 0.4
    leaking = [replace(each, before=NOISE.interactions) for each in honest]
    assert learned(NOISE, leaking)[1]["latest"]["learnt"] > 0.6


def test_the_validation_window_is_after_all_that_its_judged_weights_learned_from() -> None:
    windows = [validation_window(WORLD, CONFIG), *earlier_windows(WORLD, CONFIG)]
    for later, earlier in pairwise(windows):
        assert earlier.held_out.end <= later.cutoff
        assert earlier.before.end <= earlier.cutoff


def test_what_is_learnt_from_habits_that_move_loses_among_what_is_new_and_does_not_serve() -> None:
    choice, figures = learned(MOVING)
    latest, new = figures["latest"], figures["latest, new to the user"]
    assert latest["learnt"] > max(latest[name] for name in (TASTE, *SUMS) if name in latest) + 0.02
    assert new["learnt"] < 0.99 * max(new[name] for name in (TASTE, *SUMS) if name in new)
    assert present(choice).ranker in SUMS


def test_every_ranker_is_judged_under_every_reading() -> None:
    _, figures = learned(MOVING)
    assert list(figures) == [
        "latest",
        "latest, new to the user",
        "latest, drawn towards the popular",
        "latest, drawn towards the rare",
    ]
    # This world has an order.
    assert {tuple(by) for by in figures.values()} == {(TASTE, *SUMS, *LEARNT)}


def test_without_anybody_known_there_is_no_blend_and_the_choice_says_why() -> None:
    few = data([(user, user % 3, 100 + user % 5) for user in range(30)])
    choice = items.choose(
        few, fit_table(few, CONFIG, at=few.interactions.end), CONFIG, progress=silent
    )
    assert choice.no_blend == "nobody known before what judges took anything that was held out"


@pytest.mark.parametrize(
    ("days", "lengths"), [(100, [20, 20, 20]), (66, [20, 18, 18]), (41, [20, 13]), (26, [16])]
)
def test_short_histories_are_learned_from_in_shorter_and_fewer_windows(
    days: int, lengths: list[int]
) -> None:
    end = MOVING.interactions.end
    kept = MOVING.interactions.between(end - days * DAY, end + 1)
    short = replace(MOVING, interactions=kept)
    windows = [validation_window(short, CONFIG), *earlier_windows(short, CONFIG)]
    ends = [end, *(each.cutoff for each in windows)]
    assert [(later - cut) / DAY for later, cut in pairwise(ends)] == lengths
    assert all(len(each.before) for each in windows)
    assert ("learnt" in learned(short)[1]["latest"]) == (len(lengths) > 1)


def test_the_same_data_give_the_same_weights() -> None:
    first, second = (learned(MOVING) for _ in range(2))
    assert first == second


def test_a_learned_blend_serves_and_repeats_exactly() -> None:
    blend, _ = learned(MOVING)
    choice = ItemChoice(graph=NeighbourSettings("cosine", 20), blend=blend)
    at = MOVING.interactions.end
    table = fit_table(MOVING, CONFIG, at=at)
    first, second = (items.fit(MOVING, table, choice, CONFIG, at=at) for _ in range(2))
    assert first.blend is not None
    assert first.ladder({}).rungs[1].name is RungName.ONE_TO_ONE
    for ours, theirs in zip(arrays(first), arrays(second), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_item_signals_know_what_is_taken_now_and_what_is_new() -> None:
    world = data([(user, 1, 10) for user in range(10)] + [(user, 2, 99) for user in range(10)])
    signals = item_signals(world.interactions, CONFIG, at=world.interactions.end)
    assert signals.shape[0] == N_ITEM
    assert signals[0, 2] > signals[0, 1] > signals[0, 0] - 1e-6
    assert signals[-1, 1] > signals[-1, 2] > signals[-1, 0] == 0


def test_weights_of_the_items_own_signals_are_added_up_once() -> None:
    item = np.arange(10.0, dtype=np.float32).reshape(5, 2)
    learned = Learned(np.array([1, 0, 0, 0, 2, *[9] * len(NEW)]), np.zeros(16))
    blend = make_blend(learned, item, kind=2)
    assert blend.new_item.tolist() == [0 + 2 * 8, 1 + 2 * 9]
    assert blend.new_weight.tolist() == [9] * len(NEW)


def test_had_before_by_taste_keeps_its_order_above_everything_new() -> None:
    held = window(WORLD, CONFIG)
    fitted = shown(WORLD).fitted
    ranker = blended(fitted, Learned(np.ones(N_ITEM + len(NEW)), taste_first()))
    history, had = fitted.of_user(held.before, 3)
    ranked = ranker.rank(history, had, None, 30)[0]
    taste = fitted.parts.taste.score(history)
    mine = ranked[: len(had)]
    assert set(mine.tolist()) == set(had.item_row.tolist())
    assert (np.diff(taste[mine]) <= 0).all()


def test_had_before_on_top_keeps_the_order_of_its_weights_above_everything_new() -> None:
    held, seen = window(MOVING, CONFIG), shown(MOVING)
    learnt = learn_weights([seen], ("weights", FIRST), 1)
    history, had = seen.fitted.of_user(held.before, 3)
    mixed, first = (
        blended(seen.fitted, learnt[name]).rank(history, had, None, 30)[0]
        for name in ("weights", FIRST)
    )
    old, new = (mixed[np.isin(mixed, had.item_row, invert=new)] for new in (False, True))
    assert 1 < len(old) < len(mixed)
    assert first.tolist() == [*old.tolist(), *new.tolist()]


def test_where_what_is_new_goes_out_of_season_all_that_was_had_before_comes_first() -> None:
    """For months everybody also takes what is new this week, then only what they had before."""
    rng = np.random.default_rng(2)
    rows = moved()
    for user in range(120):
        for day in rng.choice(80, size=20, replace=False).tolist():
            rows.append((user, (day // 7 + int(rng.choice([0, 5]))) % 20, day))
    choice, _ = learned(data([row for row in rows if row[2] < 100]))
    assert present(choice).own_by == FIRST


@pytest.mark.parametrize("part", ["all_items", "new_items_asked_for", "new_items_in_full_lists"])
def test_the_served_ladder_is_compared_with_the_best_simple_one(part: str) -> None:
    _, measurement = items.measure(WORLD, CONFIG, progress=silent)
    compared = measurement.metrics["served_over_simple"][part]
    assert compared["simple"].keys() == {"popular", "bought_before", "als"}
    best = compared["simple"][compared["best_simple"]]
    assert best.value == max(each.value for each in compared["simple"].values())
    assert compared["gain"].value == pytest.approx(compared["served"].value - best.value)
