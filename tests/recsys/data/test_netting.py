"""What was taken back goes off what was bought, and nothing else changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.netting import NO_ORDER, Left, Lines, left, net, net_of_user, order_number
from recsys.data.times import DAY
from tests.present import present

KINDS = ("view", "purchase", "return", "void")
VIEW, BOUGHT, BACK, VOID = range(4)
WITHIN = 30 * DAY

Line = tuple[int, int, int, int, int, float, float]
"""User, order, item, day, kind, quantity, value."""


def lines(*rows: Line) -> Lines:
    user, order, item, day, kind, quantity, value = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    return Lines(
        user,
        order.astype(np.int64),
        item,
        day.astype(np.int64) * DAY,
        quantity.astype(np.float64),
        value.astype(np.float64),
        kind.astype(np.int8),
        KINDS,
    )


def netted(*rows: Line) -> Left:
    return present(left(lines(*rows), within=WITHIN))


def test_where_nothing_came_back_there_is_nothing_to_net() -> None:
    assert left(lines((0, 1, 5, 0, BOUGHT, 1, 9.0)), within=WITHIN) is None


def test_an_order_that_is_named_is_taken_back_however_long_ago() -> None:
    found = netted(
        (0, 7, 5, 0, BOUGHT, 2, 8.0), (0, 8, 5, 90, BOUGHT, 2, 8.0), (0, 7, 5, 99, BACK, 2, 8.0)
    )
    assert found.keep.tolist() == [False, True, False]


def test_what_is_given_back_of_an_order_twice_or_void_as_well_takes_nothing_off_another() -> None:
    bought = (0, 7, 5, 0, BOUGHT, 2, 8.0), (0, 8, 5, 1, BOUGHT, 2, 8.0)
    given_back = (0, 8, 5, 2, BACK, 2, 8.0)
    assert netted(*bought, given_back, given_back).keep.tolist() == [True, False, False, False]
    void = (0, 8, 5, 2, VOID, 2, 8.0)
    assert netted(*bought, void, given_back).keep.tolist() == [True, False, False, False]
    assert netted(*bought, given_back, void).keep.tolist() == [True, False, False, False]


def test_without_an_order_the_same_item_and_quantity_is_taken_back() -> None:
    found = netted(
        (0, 1, 5, 0, BOUGHT, 2, 8.0), (0, 2, 5, 3, BOUGHT, 9, 36.0), (0, 3, 5, 4, BACK, 2, 8.0)
    )
    assert found.keep.tolist() == [False, True, False]


def test_a_part_that_comes_back_takes_its_share_of_the_money() -> None:
    found = netted((0, 0, 5, 0, BOUGHT, 10, 20.0), (0, 0, 5, 1, BACK, 3, 6.0))
    assert found.keep.tolist() == [True, False]
    assert (found.quantity[0], found.value[0]) == (7.0, 14.0)


def test_a_return_larger_than_any_order_takes_back_the_latest_ones_together() -> None:
    found = netted(
        (0, 0, 5, 0, BOUGHT, 4, 4.0), (0, 0, 5, 1, BOUGHT, 4, 4.0), (0, 0, 5, 2, BACK, 6, 6.0)
    )
    assert found.keep.tolist() == [True, False, False]
    assert found.quantity[0] == 2.0


def test_what_was_bought_too_long_ago_or_by_another_or_later_is_left_alone() -> None:
    found = netted(
        (0, 0, 5, 0, BOUGHT, 1, 4.0),
        (1, 0, 5, 40, BOUGHT, 1, 4.0),
        (0, 0, 5, 41, BACK, 1, 4.0),
        (0, 0, 5, 42, BOUGHT, 1, 4.0),
    )
    assert found.keep.all()


def test_money_without_an_item_comes_off_the_order_in_equal_shares() -> None:
    found = netted(
        (0, 7, 5, 0, BOUGHT, 1, 30.0), (0, 7, 6, 0, BOUGHT, 1, 10.0), (0, 7, -1, 1, BACK, 1, 4.0)
    )
    assert found.value[:2].tolist() == [27.0, 9.0]
    assert found.keep.tolist() == [True, True, False]


def test_a_return_that_names_an_order_and_no_money_takes_all_of_it() -> None:
    found = netted(
        (0, 7, 5, 0, BOUGHT, 1, 30.0), (0, 7, 6, 0, BOUGHT, 1, 10.0), (0, 7, -1, 1, BACK, 1, 0.0)
    )
    assert found.keep.tolist() == [False, False, False]


def test_money_that_names_nothing_comes_off_the_order_of_that_amount() -> None:
    found = netted(
        (0, 0, -1, 0, BOUGHT, 1, 30.0),
        (0, 0, -1, 1, BOUGHT, 1, 50.0),
        (0, 0, -1, 2, BACK, 1, 30.0),
        (0, 0, -1, 3, BACK, 1, 5.0),
    )
    assert found.keep.tolist() == [False, True, False, False]
    assert found.value[1] == 45.0


def test_a_void_order_counts_for_nothing_and_takes_back_what_was_logged_of_it() -> None:
    found = netted(
        (0, 7, 5, 0, BOUGHT, 1, 30.0), (0, 7, 5, 0, VOID, 1, 30.0), (0, 8, 5, 1, VOID, 1, 30.0)
    )
    assert not found.keep.any()


def test_what_is_void_without_an_order_is_what_was_logged_at_that_instant() -> None:
    found = netted(
        (0, 0, 5, 0, BOUGHT, 1, 3.0), (0, 0, 5, 2, BOUGHT, 1, 3.0), (0, 0, 5, 2, VOID, 1, 3.0)
    )
    assert found.keep.tolist() == [True, False, False]


some_lines = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 3),
        st.integers(-1, 2),
        st.integers(0, 60),
        st.integers(0, 3),
        st.integers(1, 5),
        st.integers(0, 20),
    ),
    min_size=1,
    max_size=25,
)


def table(rows: Sequence[Line]) -> Interactions:
    given = lines(*sorted(rows, key=lambda row: (row[0], row[3], *row[1:])))
    events = UserEvents(
        given.item_row.astype(np.int32),
        given.kind,
        given.at,
        given.quantity.astype(np.float32),
        given.value,
    )
    users, items = IdMap.of(map(str, range(4))), IdMap.of(map(str, range(4)))
    made = Interactions.of(
        users, items, KINDS, user_row=given.user_row.astype(np.int32), events=events
    )
    return Interactions(
        **{name: getattr(made, name) for name in made.__dataclass_fields__ if name != "order"},
        order=given.order if given.order.any() else None,
    )


def content(of: Interactions) -> list[list[float]]:
    columns = (of.user_row, of.order, of.item_row, of.at, of.kind, of.quantity, of.value)
    return [np.asarray(column).tolist() for column in columns]


@given(some_lines)
def test_no_line_is_ever_less_than_nothing_or_more_than_it_was(rows: list[Line]) -> None:
    given_, found = lines(*rows), left(lines(*rows), within=WITHIN)
    if found is not None:
        assert (found.quantity >= 0).all()
        assert (found.value >= -1e-9).all()
        assert (found.quantity <= given_.quantity).all()
        assert (found.value <= given_.value + 1e-9).all()


@given(some_lines)
def test_netting_twice_is_netting_once(rows: list[Line]) -> None:
    once = net(table(rows), within=WITHIN)
    assert content(net(once, within=WITHIN)) == content(once)


@given(some_lines, st.integers(0, 2), st.integers(0, 2), st.integers(0, 60), st.booleans())
def test_a_cancelled_pair_leaves_no_trace(
    rows: list[Line], user: int, item: int, day: int, by_order: bool
) -> None:
    order = 99 if by_order else NO_ORDER
    # of a size that nothing else has
    bought: Line = (user, order, item, day, BOUGHT, 1_000_000.5, 1e6)
    back: Line = (user, order, item, day + 5 * by_order, BACK, 1_000_000.5, 1e6)
    between = [
        row for row in rows if not (row[0] == user and row[4] >= BACK and day <= row[3] <= back[3])
    ]
    found = net(table([*between, bought, back]), within=WITHIN)
    if between:
        assert content(found) == content(net(table(between), within=WITHIN))
    else:
        assert len(found) == 0


def test_one_users_history_is_netted_like_the_table() -> None:
    rows: list[Line] = [
        (0, 7, 1, 0, BOUGHT, 2, 8.0),
        (0, 8, 1, 1, BOUGHT, 3, 12.0),
        (0, 8, 1, 4, BACK, 1, 4.0),
        (0, 7, -1, 5, BACK, 1, 0.0),
    ]
    whole = table(rows)
    events, orders = whole.of_user(0), whole.orders_of_user(0)
    old, new = whole.before(2 * DAY).of_user(0), whole.between(2 * DAY, 9 * DAY).of_user(0)
    past, live, given_back = net_of_user(
        old, new, KINDS, orders=(orders[:2], orders[2:]), within=WITHIN
    )
    expected = net(whole, within=WITHIN).of_user(0)
    assert len(events) == 4
    assert past.value.tolist() == expected.value.tolist() == [8.0]
    assert len(live) == 0
    assert given_back.item_row.tolist() == [1, -1]


def test_an_order_has_the_same_number_in_any_run() -> None:
    assert order_number("C536379") == -193373720193470369
    assert order_number("") == order_number(None) == NO_ORDER
    assert order_number("a") != order_number("b")
