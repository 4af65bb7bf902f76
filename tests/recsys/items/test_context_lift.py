"""What the request's context adds to the ranking of rung 3."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from recsys.algorithms.topk import top_k
from recsys.data.person import NO_CONTEXT, Context, Person
from recsys.data.times import DAY, HOUR
from recsys.items.context_lift import ContextLift
from recsys.items.hyper import HyperItems
from recsys.items.models import ItemModels
from recsys.items.slate import ItemQuery
from tests.present import present
from tests.recsys.items.shop import (
    EVERYTHING,
    N_ITEMS,
    PURCHASE,
    allowed,
    blended_models,
    models,
    person,
)

CELLS = {"device:mobile": 0, "placement:cart": 1, "time:in the evening": 2}
QUERY = ItemQuery(4, EVERYTHING)
MONDAY = 4 * DAY  # 1970-01-05, midnight UTC
PLAIN, BLENDED = models(), blended_models()


def table(
    *favoured: int, weight: float = 1.0, session_weight: float = 0.0, by: float = 2.0
) -> ContextLift:
    """Return the table in which each cell, in order, favours one item."""
    lift = np.zeros((len(CELLS), N_ITEMS), np.float32)
    for row, item in enumerate(favoured):
        lift[row, item] = by
    return ContextLift(CELLS, lift, weight, session_weight, "UTC")


def rung(context: ContextLift | None, of: ItemModels = PLAIN) -> HyperItems:
    return HyperItems(of.one_to_one(), None, context)


def someone(context: Context = NO_CONTEXT, *, at: int = MONDAY + 9 * HOUR) -> Person:
    """Return a new user who bought item 5 long before; at 9 on a Monday, if not said."""
    asked = person(None, (5, PURCHASE, 101))
    live = structs.replace(asked.live, at=np.array([at - 2 * DAY]))
    return structs.replace(asked, at=at, live=live, context=context)


def ranked(context: ContextLift | None, asked: Person, of: ItemModels = PLAIN) -> list[int]:
    return list(map(int, present(rung(context, of).answer(asked, QUERY)).item_row))


@pytest.mark.parametrize("of", [PLAIN, BLENDED], ids=["taste", "blend"])
def test_what_is_taken_on_the_device_comes_first_there(of: ItemModels) -> None:
    last = ranked(None, someone(), of)[-1]
    favoured = table(last, by=9.0)
    assert ranked(favoured, someone(Context(device="mobile")), of)[0] == last
    assert ranked(favoured, someone(Context(device="Mobile ")), of)[0] == last


@pytest.mark.parametrize(
    "context", [NO_CONTEXT, Context(device="fridge"), Context(placement="home")]
)
@pytest.mark.parametrize("of", [PLAIN, BLENDED], ids=["taste", "blend"])
def test_what_is_unknown_adds_nothing(of: ItemModels, context: Context) -> None:
    asked = someone(context)
    ours, plain = (present(rung(each, of).answer(asked, QUERY)) for each in (table(7, 7, 7), None))
    np.testing.assert_array_equal(ours.item_row, plain.item_row)
    np.testing.assert_array_equal(ours.score, plain.score)
    assert ours.notes == ()


def test_the_hour_is_that_of_the_users_clock() -> None:
    last = ranked(None, someone())[-1]
    evening = table(0, 0, last)
    noon = MONDAY + 12 * HOUR
    assert ranked(evening, someone(at=noon))[0] != last
    assert ranked(evening, someone(Context(timezone="Asia/Tokyo"), at=noon))[0] == last
    assert ranked(evening, someone(Context(timezone="No/Where"), at=noon))[0] != last


def test_weekends_are_apart_from_weekdays() -> None:
    evening = MONDAY + 20 * HOUR
    last = ranked(None, someone())[-1]
    assert ranked(table(0, 0, last), someone(at=evening))[0] == last
    assert ranked(table(0, 0, last), someone(at=evening + 5 * DAY))[0] != last


def test_dimensions_add_up() -> None:
    lift = present(
        table(4, 4).of(Context(device="mobile", placement="cart"), at=MONDAY, in_session=False)
    )
    assert lift.total.tolist() == [0, 0, 0, 0, 4, 0, 0, 0]


def test_each_moment_has_a_weight_of_its_own() -> None:
    context, mobile = table(4, weight=0.5, session_weight=0.0), Context(device="mobile")
    outside = present(context.of(mobile, at=MONDAY, in_session=False))
    assert outside.total[4] == 1.0
    assert context.of(mobile, at=MONDAY, in_session=True) is None


def test_a_reason_is_given_only_where_the_context_moved_the_item_up() -> None:
    first, *_, last = ranked(None, someone())
    context = table(last, first)
    ranking = present(
        rung(context).answer(someone(Context(device="mobile", placement="cart")), QUERY)
    )
    said = dict(zip(ranking.item_row.tolist(), ranking.notes, strict=True))
    assert said.pop(last) == "popular on mobile"
    assert set(said.values()) == {""}


def test_a_reason_names_every_dimension_that_speaks_for_the_item() -> None:
    asked = Context(device="mobile", placement="cart")
    last = ranked(None, someone())[-1]
    ranking = present(
        rung(table(last, last, last)).answer(someone(asked, at=MONDAY + 20 * HOUR), QUERY)
    )
    assert ranking.notes[0] == "popular on mobile, in the placement cart, in the evening"


def test_an_item_that_only_follows_the_fall_of_another_has_no_reason() -> None:
    first = ranked(None, someone())[0]
    ranking = present(rung(table(first, by=-3.0)).answer(someone(Context(device="mobile")), QUERY))
    assert ranking.item_row[0] != first
    assert set(ranking.notes) == {""}


def test_what_is_not_allowed_stays_barred() -> None:
    asked = someone(Context(device="mobile"))
    ranking = present(rung(table(4)).answer(asked, ItemQuery(8, allowed(6, 7))))
    assert set(ranking.item_row.tolist()) == {6, 7}


def test_whoever_nothing_is_known_of_gets_nothing_from_the_context_alone() -> None:
    asked = structs.replace(person(None), context=Context(device="mobile"))
    assert rung(table(4)).declines(asked) is not None
    for of in (PLAIN, BLENDED):
        assert rung(table(4), of).answer(asked, QUERY) is None


@given(
    lift=st.lists(st.floats(-3, 3, width=32), min_size=N_ITEMS, max_size=N_ITEMS),
    user=st.sampled_from([0, 6, 12, None]),
    limit=st.integers(1, 9),
)
@pytest.mark.parametrize("of", [PLAIN, BLENDED], ids=["taste", "blend"])
def test_the_answer_is_the_score_of_the_batch_with_the_lift_added(
    of: ItemModels, lift: list[float], user: int | None, limit: int
) -> None:
    row = np.array(lift, np.float32)
    context = replace(table(), lift=np.stack([row] * len(CELLS)))
    asked = structs.replace(person(user, (5, PURCHASE, 101)), context=Context(device="mobile"))
    one_to_one = of.one_to_one()
    plain = one_to_one.score(asked.past, asked.live, at=asked.at)
    if of is PLAIN:
        plain = np.where(plain > 0, plain, -np.inf).astype(np.float32)
        expected = plain * np.exp(row)
    else:
        expected = plain + row
    rows = top_k(expected, limit)
    ranking = present(
        HyperItems(one_to_one, None, context).answer(asked, ItemQuery(limit, EVERYTHING))
    )
    np.testing.assert_array_equal(ranking.item_row, rows)
    np.testing.assert_array_equal(ranking.score, expected[rows])
