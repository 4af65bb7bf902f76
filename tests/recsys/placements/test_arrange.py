"""The order in which rules act: each step is a law, whatever the placement and the candidates."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.items.slate import Recommendation
from recsys.ladder import RungName
from recsys.placements.arrange import DEEPER, boosted, is_turn, mixed
from recsys.placements.filter import matching
from recsys.placements.placement import read
from recsys.placements.rules import Rules
from tests.present import present
from tests.recsys.placements.world import (
    CATEGORIES,
    FIELDS,
    N_ITEMS,
    SOLD_OUT,
    arranged,
    proposing,
    rows,
)

LEAVES = st.one_of(
    st.builds(
        lambda value, op: {"field": "category", "op": op, "value": value},
        st.sampled_from(CATEGORIES[:3]), st.sampled_from(["eq", "ne", "contains"]),
    ),
    st.builds(
        lambda value, op: {"field": "price", "op": op, "value": value},
        st.integers(0, N_ITEMS), st.sampled_from(["lt", "gte", "eq"]),
    ),
    st.builds(lambda value: {"field": "stars", "op": "gt", "value": value}, st.integers(0, 5)),
)  # fmt: skip
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=4,
)
BOOSTS = st.builds(
    lambda filter_, factor: {"filter": filter_, "factor": factor},
    FILTERS,
    st.floats(0.1, 10.0, allow_nan=False),
)
PINS = st.lists(
    st.tuples(st.integers(1, 12), st.integers(0, N_ITEMS - 1)),
    max_size=3,
    unique_by=(lambda pin: pin[0], lambda pin: pin[1]),
).map(lambda pins: [{"rank": rank, "item_id": f"i{row:02}"} for rank, row in pins])
PLACEMENTS = st.fixed_dictionaries(
    {},
    optional={
        "filter": FILTERS,
        "boosts": st.lists(BOOSTS, max_size=2),
        "pins": PINS,
        "promote": st.builds(
            lambda filter_, percent: {"filter": filter_, "percent": percent},
            FILTERS,
            st.integers(1, 100),
        ),
        "caps": st.dictionaries(st.sampled_from(["category", "stars"]), st.integers(1, 3)),
        "fill": st.booleans(),
    },
)
MASKS = st.lists(st.booleans(), min_size=N_ITEMS, max_size=N_ITEMS).map(np.array)
LIMITS = st.integers(1, 15)
ORDERS = st.permutations(range(N_ITEMS)).flatmap(
    lambda order: st.integers(0, N_ITEMS).map(lambda length: order[:length])
)


@given(PLACEMENTS, LIMITS, ORDERS, MASKS)
def test_nothing_that_fails_what_is_hard_is_ever_shown(
    said: dict[str, Any], limit: int, order: list[int], allowed: np.ndarray
) -> None:
    found = rows(arranged(said, limit, gather=proposing(order), allowed=allowed))
    passing = allowed.copy()
    passing[SOLD_OUT] = False
    if "filter" in said:
        passing &= matching(read(said).filter, FIELDS)  # type: ignore[arg-type]
    assert passing[found].all()


@given(PLACEMENTS, LIMITS, ORDERS)
def test_a_list_has_no_item_twice_and_no_more_than_asked_for(
    said: dict[str, Any], limit: int, order: list[int]
) -> None:
    found = arranged(said, limit, gather=proposing(order))
    assert len(found.items) <= limit
    assert len({*rows(found)}) == len(found.items)
    assert [placed.item.rank for placed in found.items] == [*range(1, len(found.items) + 1)]


@given(PLACEMENTS, LIMITS, ORDERS)
def test_a_list_that_is_filled_is_as_long_as_what_passes_allows(
    said: dict[str, Any], limit: int, order: list[int]
) -> None:
    said = {**said, "fill": True}
    passing = int(Rules.of(read(said), FIELDS).allowed.sum())
    assert len(arranged(said, limit, gather=proposing(order)).items) == min(limit, passing)


SCORED = st.lists(
    st.tuples(st.integers(0, N_ITEMS - 1), st.floats(-5, 5, allow_nan=False)),
    min_size=1, max_size=20, unique_by=lambda pair: pair[0],
)  # fmt: skip


def items(scored: list[tuple[int, float]], rung: RungName = RungName.ONE_TO_ONE) -> list[Any]:
    ordered = sorted(scored, key=lambda pair: -pair[1])
    return [Recommendation(row, 1, score, rung, "test", (), "") for row, score in ordered]


@given(SCORED, st.lists(BOOSTS, max_size=3))
def test_boosts_add_and_remove_nothing(
    scored: list[tuple[int, float]], boosts: list[dict[str, Any]]
) -> None:
    found = boosted(items(scored), Rules.of(read({"boosts": boosts}), FIELDS))
    assert sorted(item.item_row for item in found) == sorted(row for row, _ in scored)


@given(SCORED, FILTERS, st.floats(1.0, 10.0))
def test_a_boosted_item_never_falls_and_the_others_keep_their_order(
    scored: list[tuple[int, float]], filter_: dict[str, Any], factor: float
) -> None:
    placement = read({"boosts": [{"filter": filter_, "factor": factor}]})
    before = [item.item_row for item in items(scored)]
    rules = Rules.of(placement, FIELDS)
    after = [item.item_row for item in boosted(items(scored), rules)]
    chosen = matching(placement.boosts[0].filter, FIELDS)
    for kind in (True, False):
        one = [row for row in before if chosen[row] == kind]
        assert [row for row in after if chosen[row] == kind] == one
    ahead = {row: [r for r in before[: before.index(row)] if not chosen[r]] for row in before}
    for row in (row for row in before if chosen[row]):
        assert {r for r in after[: after.index(row)] if not chosen[r]} <= {*ahead[row]}


def test_what_a_lower_rung_proposed_stays_behind_whatever_its_boost() -> None:
    said = {"boosts": [{"filter": {"field": "item_id", "op": "eq", "value": "i07"}, "factor": 10}]}
    gather = proposing([1, 2], below=[5, 7])
    assert rows(arranged(said, 4, gather=gather)) == [1, 2, 7, 5]


@given(PLACEMENTS, LIMITS, ORDERS)
def test_no_value_of_a_capped_field_has_more_items_than_its_cap(
    said: dict[str, Any], limit: int, order: list[int]
) -> None:
    found = arranged(said, limit, gather=proposing(order))
    for name, most in said.get("caps", {}).items():
        code = FIELDS.fields[name].code
        counted = Counter(
            int(code[placed.item.item_row])
            for placed in found.items
            if not any(r.startswith(("pins", "promote", "fill:")) for r in placed.rules)
        )
        assert all(count <= most for value, count in counted.items() if value >= 0)


@given(st.permutations(range(N_ITEMS)), st.integers(1, 3), LIMITS)
def test_caps_keep_the_order_and_pass_over_only_what_would_exceed_them(
    order: list[int], most: int, limit: int
) -> None:
    said = {"caps": {"category": most}, "fill": False}
    found = rows(arranged(said, limit, gather=proposing(order)))
    wanted: list[int] = []
    deep = [row for row in order if row != SOLD_OUT][: limit * DEEPER]
    for row in deep:
        same = sum(1 for kept in wanted if kept % 4 == row % 4)
        if (row % 4 == 3 or same < most) and len(wanted) < limit:
            wanted.append(row)
    assert found == wanted


@given(PLACEMENTS, LIMITS, ORDERS, MASKS)
def test_a_pin_has_its_rank_where_it_passes_what_is_hard_and_the_list_is_long_enough(
    said: dict[str, Any], limit: int, order: list[int], allowed: np.ndarray
) -> None:
    found = arranged(said, limit, gather=proposing(order), allowed=allowed)
    passing = Rules.of(read(said), FIELDS).allowed & allowed
    for number, pin in enumerate(said.get("pins", ())):
        row, rank = int(pin["item_id"][1:]), pin["rank"]
        if passing[row] and rank <= len(found.items):
            assert found.items[rank - 1].item.item_row == row
            assert f"pins[{number}]" in found.items[rank - 1].rules


@given(FILTERS, st.integers(1, 100), LIMITS, ORDERS)
def test_what_is_promoted_has_its_share_spread_evenly_while_there_is_enough_of_it(
    filter_: dict[str, Any], percent: int, limit: int, order: list[int]
) -> None:
    said = {"promote": {"filter": filter_, "percent": percent}}
    gather = proposing(order, below=[row for row in range(N_ITEMS) if row not in order])
    found = arranged(said, limit, gather=gather)
    there = matching(present(read(said).promote).filter, FIELDS)
    there[SOLD_OUT] = False
    places = [n for n, placed in enumerate(found.items) if "promote" in placed.rules]
    assert len(places) == min(-(-limit * percent // 100), int(there.sum()))
    gaps = np.diff([-1, *places, len(found.items)])[1:-1]
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1


@given(PLACEMENTS, LIMITS, ORDERS)
def test_a_list_says_what_it_was_filled_by_and_is_only_filled_when_short(
    said: dict[str, Any], limit: int, order: list[int]
) -> None:
    found = arranged(said, limit, gather=proposing(order))
    filled = {r for placed in found.items for r in placed.rules if r.startswith("fill:")}
    assert filled == {f"fill:{how}" for how in found.filled_by}
    if not said.get("fill", True):
        assert not filled
    assert "caps" not in found.filled_by or "caps" in said


def test_a_short_list_takes_what_the_caps_passed_over_before_what_is_popular() -> None:
    said = {"caps": {"category": 1}}
    found = arranged(said, 5, gather=proposing([0, 4, 8, 12]))
    assert rows(found) == [0, 4, 8, 12, 1]
    assert [placed.rules for placed in found.items] == [
        (), ("fill:caps",), ("fill:caps",), ("fill:caps",), ("fill:popular",),
    ]  # fmt: skip
    assert found.filled_by == ("caps", "popular")


@given(st.lists(st.integers()), st.lists(st.integers()), st.integers(0, 100))
def test_two_lists_are_mixed_by_their_share_each_in_its_order(
    first: list[int], second: list[int], percent: int
) -> None:
    tagged = mixed([(0, n) for n in first], [(1, n) for n in second], percent)
    assert [n for which, n in tagged if which == 0] == first
    assert [n for which, n in tagged if which == 1] == second
    for place in range(len(tagged)):
        taken = sum(which == 0 for which, _ in tagged[:place])
        if taken < len(first) and place - taken < len(second):
            assert abs(taken - place * percent / 100) <= 0.5


@given(st.integers(1, 50), st.integers(0, 50))
def test_turns_are_as_many_as_there_are_places_for(of: int, count: int) -> None:
    count = min(count, of)
    assert sum(is_turn(place, count, of) for place in range(of)) == count


@pytest.mark.parametrize(("percent", "bought"), [(0, 0), (30, 3), (100, 10)])
def test_a_mix_has_its_share_of_what_was_bought_before(percent: int, bought: int) -> None:
    had = np.arange(N_ITEMS) < 20
    found = arranged({"repeats": "mix", "bought_percent": percent}, had=had)
    assert sum(1 for row in rows(found) if had[row]) == bought
    assert [("repeats" in placed.rules) for placed in found.items] == had[rows(found)].tolist()


def test_without_a_history_a_mix_is_all_new_and_the_other_way_round() -> None:
    nothing, all_of_it = np.zeros(N_ITEMS, bool), np.ones(N_ITEMS, bool)
    assert rows(arranged({"repeats": "mix"}, had=nothing)) == [*range(10)]
    assert rows(arranged({"repeats": "mix"}, had=all_of_it)) == [*range(10)]
