"""One order that stands alone does not count for what it says."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.times import DAY
from training.forecast.order_cap import capped, usual_most


def orders(*rows: tuple[int, int, float]) -> Interactions:
    """Return purchases of (user, day, money)."""
    user, day, value = (np.array(column) for column in zip(*rows, strict=True))
    events = UserEvents(
        np.full(len(user), -1, np.int32),
        np.zeros(len(user), np.int8),
        day.astype(np.int64) * DAY,
        np.ones(len(user), np.float32),
        value.astype(np.float64),
    )
    users = IdMap.of(f"u{n:02}" for n in range(20))
    return Interactions.of(
        users, IdMap.of([]), ("purchase",), user_row=user.astype(np.int32), events=events
    )


USUAL = [(user, day, 20.0 + user) for user in range(20) for day in range(6)]


def test_one_order_of_a_million_counts_as_much_as_a_large_one() -> None:
    table, cap = capped(orders(*USUAL, (3, 9, 1e6)))
    assert table.value.max() == cap < 300


def test_who_buys_large_again_and_again_is_believed() -> None:
    table, _ = capped(orders(*USUAL, (3, 9, 9_000.0), (3, 12, 8_000.0), (3, 15, 7_000.0)))
    assert sorted(table.value)[-3:] == [7_000.0, 8_000.0, 8_000.0]


def test_the_lines_of_a_day_are_scaled_alike() -> None:
    table, cap = capped(orders(*USUAL, (3, 9, 3e6), (3, 9, 1e6)))
    assert sorted(table.value)[-2:] == [cap / 4, 3 * cap / 4]


def test_usual_orders_are_left_as_they_are() -> None:
    table = orders(*USUAL)
    assert capped(table)[0] is table


def test_without_any_money_there_is_no_cap() -> None:
    table = orders((0, 0, 0.0))
    found, cap = capped(table)
    assert found is table
    assert cap == np.inf


@given(st.lists(st.floats(0.01, 1e9), min_size=1, max_size=60))
def test_the_cap_is_never_among_the_lower_99_percent(spent: list[float]) -> None:
    assert usual_most(np.array(spent)) >= np.quantile(spent, 0.99) * (1 - 1e-12)
