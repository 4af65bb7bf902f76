"""A file as interactions, and what is held out of it."""

import pytest

from recsys.data.interactions import Interactions
from training.benchmark.world import (
    STEP,
    BenchmarkWorld,
    at_random,
    from_the_end,
    hold_out,
    with_users,
)

BASKETS = {"b": ["x", "y", "x"], "a": ["z"], "c": ["y", "w", "z", "x"]}


def world(*, ordered: bool = False) -> BenchmarkWorld:
    return BenchmarkWorld.of(BASKETS, ordered=ordered)


def taken(events: Interactions) -> list[tuple[str, str]]:
    names = zip(events.user_row.tolist(), events.item_row.tolist(), strict=True)
    return [(events.users[user], events.items[item]) for user, item in names]


def test_rows_are_those_of_sorted_ids_and_the_file_keeps_its_order() -> None:
    ours = world()
    assert list(ours.events.users) == ["a", "b", "c"]
    assert ours.users == ("b", "a", "c")
    assert ours.rows.tolist() == [1, 0, 2]
    assert ours.counts == {"users": 3, "items": 4, "pairs": 8}


def test_baskets_are_taken_at_once_and_sequences_one_after_the_other() -> None:
    assert set(world().events.at.tolist()) == {0}
    events = world(ordered=True).events
    assert taken(events) == [
        ("a", "z"),
        *(("b", item) for item in BASKETS["b"]),
        *(("c", item) for item in BASKETS["c"]),
    ]
    assert (events.at / STEP).tolist() == [0, -2, -1, 0, -3, -2, -1, 0]
    assert from_the_end(events).tolist() == [0, 2, 1, 0, 3, 2, 1, 0]


def test_what_is_held_out_is_not_known_and_what_is_wanted_is_new() -> None:
    events = world(ordered=True).events
    place = from_the_end(events)
    held = hold_out(events, place == 0, place == 0)
    assert taken(held.before) == [("b", "x"), ("b", "y"), ("c", "y"), ("c", "w"), ("c", "z")]
    # b had x before, and looks for nothing.
    assert [events.users[row] for row in held.wanted.user_row] == ["a", "c"]
    assert [events.items[row] for row in held.wanted.item_row] == ["z", "x"]
    assert held.cutoff == 0


def test_the_instant_is_that_of_what_is_wanted() -> None:
    events = world(ordered=True).events
    place = from_the_end(events)
    assert hold_out(events, place <= 1, place == 1).cutoff == -STEP


@pytest.mark.parametrize("seed", range(5))
def test_a_random_share_goes_with_all_its_events_and_one_item_stays(seed: int) -> None:
    events = world().events
    marked = at_random(events, 0.5, seed=seed)
    assert not marked[0]
    of_b = dict(zip(BASKETS["b"], marked[1:4].tolist(), strict=True))
    assert marked[1] == marked[3] == of_b["x"]
    assert of_b["x"] != of_b["y"]
    assert marked[4:].sum() == 2


def test_a_test_file_may_want_items_that_training_lacks() -> None:
    wanted = world().wanted({"c": ["new", "w"], "nobody": ["x"]})
    assert wanted.user_row.tolist() == [2]
    assert wanted.item_row.tolist() == [0, 4]


def test_users_of_the_test_file_alone_are_ranked_for_too() -> None:
    assert with_users({"a": ["x"]}, {"b": ["y"]}) == {"b": [], "a": ["x"]}
    assert with_users({"a": ["x"]}, {"a": ["y"]}) == {"a": ["x"]}
