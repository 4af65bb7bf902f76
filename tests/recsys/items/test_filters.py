"""At most so many items of one category."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.data.person import Person
from recsys.items import slate
from recsys.items.filters import NO_CATEGORY, CategoryCap, categories
from recsys.items.slate import ItemQuery, Ranking, Recommendation
from recsys.ladder import Ladder, RungName
from tests.present import present
from tests.recsys.items.shop import (
    EVERYTHING,
    N_ITEMS,
    PURCHASE,
    blended_models,
    models,
    person,
    raised,
)

NAMES = ("cups", "cups", "toys", "cups", "toys", "", "toys", "")
OF_SHOP = categories(NAMES)
LADDERS = (models().ladder({}), blended_models().ladder({}))


def listed(
    asked: Person,
    limit: int,
    cap: CategoryCap | None,
    *,
    mask: NDArray[np.bool_] = EVERYTHING,
    ladder: Ladder[ItemQuery, Ranking] = LADDERS[0],
) -> tuple[Recommendation, ...]:
    query = ItemQuery(limit, mask, cap=cap)
    return present(slate.fill(ladder, asked, query, on_failure=raised).answer).items


def test_categories_are_numbered_and_empty_names_are_none() -> None:
    assert OF_SHOP.tolist() == [0, 0, 1, 0, 1, NO_CATEGORY, 1, NO_CATEGORY]


def test_the_best_of_each_category_stay_in_order() -> None:
    kept = CategoryCap(1, OF_SHOP).kept(np.array([3, 0, 5, 4, 2, 7], np.int32), chosen=())
    assert kept.tolist() == [0, 2, 3, 5]


def test_what_is_chosen_already_counts() -> None:
    cap = CategoryCap(2, OF_SHOP)
    assert cap.kept(np.array([1, 3, 4], np.int32), chosen=[0, 5]).tolist() == [0, 2]


def test_a_capped_list_is_filled_from_the_rungs_below() -> None:
    items = listed(person(0), 4, CategoryCap(1, OF_SHOP))
    assert items[0].rung is RungName.ONE_TO_ONE
    assert items[-1].rung is RungName.POPULAR
    assert len(items) == 4


def test_a_cap_that_binds_nothing_changes_nothing() -> None:
    assert listed(person(0), 6, CategoryCap(8, OF_SHOP)) == listed(person(0), 6, None)


@pytest.mark.parametrize("ladder", LADDERS, ids=["taste", "blend"])
@given(
    user=st.sampled_from([None, *range(14)]),
    live=st.lists(st.integers(0, N_ITEMS - 1), max_size=3),
    limit=st.integers(1, 12),
    mask=st.lists(st.booleans(), min_size=N_ITEMS, max_size=N_ITEMS),
    names=st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=N_ITEMS, max_size=N_ITEMS),
    most=st.integers(1, 4),
)
def test_no_category_is_in_a_list_more_often_and_masks_stay_exact(
    ladder: Ladder[ItemQuery, Ranking],
    user: int | None,
    live: list[int],
    limit: int,
    mask: list[bool],
    names: list[str],
    most: int,
) -> None:
    asked = person(user, *((item, PURCHASE, 101) for item in live))
    cap = CategoryCap(most, categories(names))
    items = listed(asked, limit, cap, mask=np.array(mask), ladder=ladder)
    rows = [item.item_row for item in items]
    bounded = [names[row] for row in rows if names[row]]
    assert len(rows) == len(set(rows)) <= limit
    assert all(mask[row] for row in rows)
    assert all(bounded.count(name) <= most for name in bounded)
    assert [item.rank for item in items] == list(range(1, len(rows) + 1))
    there = [name for name, allowed in zip(names, mask, strict=True) if allowed]
    room = there.count("") + sum(min(most, there.count(name)) for name in {*there} - {""})
    assert len(rows) == min(limit, room)
