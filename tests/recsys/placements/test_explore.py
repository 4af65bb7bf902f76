"""Drawn places: each item's probability at its place is exact, and the log judges other rankers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest

from recsys.data.person import Person
from recsys.evaluation.estimate import Estimate, NotMeasured
from recsys.evaluation.list_value import list_value
from recsys.items.slate import Recommendation, Slate
from recsys.ladder import Climb, Course, RungName
from recsys.placements.arrange import Arranged, Placed
from recsys.placements.explore import EXPLORED, drawn_places, explored, put, seed_of
from recsys.placements.placement import Exploration
from recsys.placements.serve import may_explore
from recsys.placements.sources import TwoRankers

HALF = Exploration(percent=50, tail=4)
EMPTY: Climb[Slate] = Climb(Slate(()), None, "", ())


def recommended(row: int, rank: int = 1) -> Recommendation:
    return Recommendation(row, rank, 1.0, RungName.ONE_TO_ONE, "one_to_one", (), "")


def listed(length: int, sure: dict[int, str] | None = None) -> Arranged:
    rules = sure or {}
    items = [
        Placed(recommended(row, row + 1), (rules[row],) if row in rules else ())
        for row in range(length)
    ]
    return Arranged(tuple(items), EMPTY, ())


def tail(wanted: int, shown: set[int]) -> Sequence[Recommendation]:
    return [recommended(row) for row in range(100) if row not in shown][:wanted]


def rows(arranged: Arranged) -> list[int]:
    return [placed.item.item_row for placed in arranged.items]


def test_over_all_orders_each_item_is_at_each_place_as_often_as_its_probability_says() -> None:
    base, places = listed(4), (1, 3)
    pool = [base.items[1], base.items[3], *(Placed(recommended(row), ()) for row in (7, 8, 9))]
    orders, at = list(permutations(range(5))), Counter[tuple[int, int]]()
    for order in orders:
        made = put(base.items, places, pool, order)
        assert [placed.item.rank for placed in made] == [1, 2, 3, 4]
        assert len({placed.item.item_row for placed in made}) == 4
        at.update((place, placed.item.item_row) for place, placed in enumerate(made))
    _, draw = explored(base, HALF, lambda *_: [recommended(row) for row in (7, 8, 9)], 0)
    assert draw is not None
    for place in places:
        assert {at[place, row] / len(orders) for row in (1, 3, 7, 8, 9)} == {draw.pscore} == {0.2}
    assert (at[0, 0], at[2, 2]) == (len(orders), len(orders))


def test_the_lots_of_users_are_as_even_as_their_probability_says() -> None:
    base, at, n = listed(6), Counter[tuple[int, int]](), 4_000
    for user in range(n):
        made, draw = explored(base, HALF, tail, seed_of(1, f"u{user}", "home", 7))
        assert draw is not None
        at.update((place, rows(made)[place]) for place in draw.places)
    assert draw is not None
    expected = n * draw.pscore
    spread = [(at[place, row] - expected) ** 2 / expected for place in draw.places
              for row in draw.among]  # fmt: skip
    # Chi squared with 3 * 6 degrees of freedom: above 42.3 once in a thousand.
    assert sum(spread) < 42.3
    assert at.total() == n * len(draw.places)


def test_the_same_lot_is_the_same_list_and_all_else_another() -> None:
    base = listed(6)
    seeds = [seed_of(1, "u", "home", 7), seed_of(2, "u", "home", 7), seed_of(1, "v", "home", 7),
             seed_of(1, "u", "cart", 7), seed_of(1, "u", "home", 8)]  # fmt: skip
    assert len({*seeds}) == 5
    first, again = (explored(base, HALF, tail, seeds[0])[0] for _ in range(2))
    assert first == again


def test_only_free_places_are_drawn_and_the_rest_stays() -> None:
    sure = {0: "pins[0]", 2: "promote", 4: "fill:popular"}
    base = listed(8, sure)
    made, draw = explored(base, Exploration(percent=50, tail=3), tail, 5)
    assert draw is not None
    assert len(draw.places) == 3
    assert not {0, 2, 4} & {*draw.places}
    for place, placed in enumerate(made.items):
        assert (EXPLORED in placed.rules) == (place in draw.places)
        assert place in draw.places or placed == base.items[place]
    assert draw.pscores(8) == [draw.pscore if n in draw.places else 1.0 for n in range(8)]


@pytest.mark.parametrize(("percent", "count"), [(1, 1), (10, 1), (25, 3), (50, 5)])
def test_the_share_of_places_is_rounded_up_and_spread(percent: int, count: int) -> None:
    places = drawn_places(listed(10).items, percent)
    assert len(places) == count
    assert all(later - before >= 10 // count - 1 for before, later in pairwise(places))


def test_without_a_tail_or_a_free_place_nothing_is_drawn() -> None:
    base = listed(3)
    assert explored(base, HALF, lambda *_: [], 0) == (base, None)
    pinned = listed(1, {0: "pins[0]"})
    assert explored(pinned, HALF, tail, 0) == (pinned, None)
    assert explored(listed(0), HALF, tail, 0)[1] is None


def test_the_held_out_the_forced_and_who_denies_profiling_are_not_explored() -> None:
    person, two = Person("u", 0), TwoRankers((None, None), lambda *_: [])
    assert may_explore(person, None)
    assert may_explore(person, Course(experiment="x"))
    assert not may_explore(person, Course(held_out=True))
    assert not may_explore(person, RungName.POPULAR)
    assert not may_explore(person, two)
    assert not may_explore(Person("u", 0, profiling=False), None)


def test_from_the_log_another_rankers_clicks_are_estimated_as_they_would_be() -> None:
    rng, base, n = np.random.default_rng(3), listed(6), 4_000
    looks = np.array([0.9, 0.7, 0.5, 0.4, 0.3, 0.2])
    likes = rng.uniform(0.05, 0.6, 20)
    shown, wanted, pscore, unit, place_of = [], [], [], [], []
    for number in range(n):
        made, draw = explored(base, HALF, tail, seed_of(0, str(number), "home", 1))
        assert draw is not None
        best = sorted(draw.among, key=lambda row: -likes[row])
        for turn, place in enumerate(draw.places):
            shown.append(rows(made)[place])
            wanted.append(best[turn])
            pscore.append(draw.pscore)
            unit.append(number)
            place_of.append(place)
    assert draw is not None
    clicked = rng.random(len(shown)) < looks[place_of] * likes[shown]
    found = list_value(
        np.array(shown, np.int32), np.array(wanted, np.int32), pscore=np.array(pscore),
        reward=clicked.astype(float), unit=np.array(unit),
    )  # fmt: skip
    truth = sum(looks[place] * likes[row] for place, row in zip(draw.places, best, strict=False))
    logged = clicked.sum() / n
    assert isinstance(found, Estimate)
    assert found.low < truth < found.high
    assert found.low > logged


def test_what_has_no_probability_or_no_place_in_common_is_not_measured() -> None:
    one, two = np.array([1, 1], np.int32), np.array([2, 2], np.int32)
    facts: dict[str, Any] = {"reward": np.ones(2), "unit": np.array([0, 1])}
    assert isinstance(list_value(one, two, pscore=np.full(2, 0.5), **facts), NotMeasured)
    for bad in (0.0, np.nan, 1.5):
        assert isinstance(list_value(one, one, pscore=np.array([bad, 1.0]), **facts), NotMeasured)
    single: dict[str, Any] = {"reward": np.ones(1), "unit": np.array([0])}
    assert isinstance(list_value(one[:1], one[:1], pscore=np.ones(1), **single), NotMeasured)
