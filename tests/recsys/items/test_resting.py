"""What was bought or dismissed a moment ago leaves the list at once, and comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.person import Person
from recsys.data.times import DAY
from recsys.items import slate
from recsys.items.filters import Rests
from recsys.items.slate import ItemQuery, Repeats
from tests.present import present
from tests.recsys.items.shop import (
    AT,
    EVERYTHING,
    KINDS,
    N_ITEMS,
    PURCHASE,
    RETURN,
    VIEW,
    Row,
    events,
    models,
    person,
    raised,
)

LADDER = models().ladder({})
REST = Rests.of_kinds(KINDS, {KINDS[PURCHASE]: 12.0, KINDS[RETURN]: 30 * 24.0})


def listed(asked: Person, *, rest: Rests = REST, repeats: Repeats = Repeats.ALLOW) -> set[int]:
    query = ItemQuery(N_ITEMS, EVERYTHING, repeats=repeats, kind=PURCHASE, rest=rest)
    climb = slate.fill(LADDER, asked, query, on_failure=raised)
    return {item.item_row for item in present(climb.answer).items}


def test_what_was_just_bought_leaves_every_rung() -> None:
    now = AT // DAY + 2
    assert listed(person(None, (5, PURCHASE, now))) == set(range(N_ITEMS)) - {5}


def test_what_was_just_looked_at_stays() -> None:
    assert listed(person(None, (5, VIEW, AT // DAY + 2))) == set(range(N_ITEMS))


def test_what_was_bought_longer_ago_than_it_rests_is_back() -> None:
    assert listed(person(None, (5, PURCHASE, AT // DAY + 1))) == set(range(N_ITEMS))


def test_what_was_dismissed_stays_away_longer() -> None:
    assert 5 not in listed(person(None, (5, RETURN, AT // DAY - 20)))


def test_what_was_bought_just_before_training_rests_too() -> None:
    rest = Rests.of_kinds(KINDS, {KINDS[PURCHASE]: 13 * 24.0})
    bought = set(person(12).past.item_row.tolist())
    assert bought == {0}
    assert not bought & listed(person(12), rest=rest)


def test_only_repeats_are_asked_for_and_all_of_them_rest() -> None:
    asked = person(None, (5, PURCHASE, AT // DAY + 2))
    query = ItemQuery(N_ITEMS, EVERYTHING, repeats=Repeats.ONLY, kind=PURCHASE, rest=REST)
    assert present(slate.fill(LADDER, asked, query, on_failure=raised).answer).items == ()


@pytest.mark.parametrize("row", [-1, 3])
def test_items_that_the_model_does_not_know_bar_nothing(row: int) -> None:
    assert REST.items(events((row, PURCHASE, 10)), at=10 * DAY).tolist() == [3] * (row == 3)


@given(
    st.lists(st.tuples(st.integers(-1, 7), st.integers(0, 3), st.integers(0, 60)), max_size=20),
    st.integers(0, 70),
)
def test_exactly_what_happened_within_its_rest_rests(rows: list[Row], day: int) -> None:
    rows = sorted(rows, key=lambda row: row[2])
    wanted = {i for i, kind, when in rows if i >= 0 and when * DAY > day * DAY - REST.by_kind[kind]}
    assert set(REST.items(events(*rows), at=day * DAY).tolist()) == wanted
