"""Churn where users are under contract."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.churn import labels
from recsys.churn.contract import NO_CONTRACT, Contract
from recsys.churn.labels import Definition
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from tests.recsys.churn.worlds import KINDS, PURCHASE, table

# in these tests a view is a cancellation, a purchase a start or a renewal
CANCEL = KINDS.index("view")
CANCELLED = Contract("view")
MONTHLY = Contract("view", term_days=30)
AT = 100 * DAY


def world(*users: list[tuple[float, int]]) -> Interactions:
    """Return (day, kind) of users."""
    rows = [(row, day, kind) for row, own in enumerate(users) for day, kind in own]
    user, day, kind = (np.array(column) for column in zip(*rows, strict=True))
    return table(len(users), user, day.astype(float), kind.astype(np.int8))


WORLD = world(
    [(80, PURCHASE)],
    [(80, PURCHASE), (90, CANCEL)],
    [(80, PURCHASE), (90, CANCEL), (95, PURCHASE)],
    [(60, PURCHASE)],
    [(105, PURCHASE)],
    [(80, PURCHASE), (108, CANCEL)],
    [(80, PURCHASE), (109, PURCHASE)],
)


def test_a_contract_runs_until_it_is_cancelled() -> None:
    running = CANCELLED.running(WORLD, "purchase", at=AT)
    assert running.tolist() == [True, False, True, True, False, True, True]


def test_with_a_term_it_runs_until_the_term_is_over() -> None:
    running = MONTHLY.running(WORLD, "purchase", at=AT)
    assert running.tolist() == [True, False, True, False, False, True, True]


def test_it_ends_by_a_cancellation_or_a_missed_renewal() -> None:
    ended = MONTHLY.ended(WORLD, "purchase", at=AT, until=115 * DAY)
    assert ended[[0, 2, 5, 6]].tolist() == [True, False, True, False]
    without_term = CANCELLED.ended(WORLD, "purchase", at=AT, until=115 * DAY)
    assert without_term[[0, 2, 5, 6]].tolist() == [False, False, True, False]


def test_a_term_that_is_not_over_by_the_end_of_the_window_is_not_missed() -> None:
    assert not MONTHLY.ended(WORLD, "purchase", at=AT, until=109 * DAY)[0]


def test_labels_are_of_running_contracts_only() -> None:
    definition = Definition("purchase", 15, 15, MONTHLY)
    rows = labels.labelled(WORLD, definition, at=AT)
    assert rows.user_row.tolist() == [0, 2, 5, 6]
    assert rows.churned.tolist() == [True, False, True, False]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 90), st.booleans()), min_size=1))
def test_later_events_change_nobody_under_contract(events: list[tuple[int, int, bool]]) -> None:
    users: list[list[tuple[float, int]]] = [[(0.5, PURCHASE)] for _ in range(4)]
    for user, day, cancels in events:
        users[user].append((day, CANCEL if cancels else PURCHASE))
    made = world(*users)
    for at in (30 * DAY, 60 * DAY):
        np.testing.assert_array_equal(
            MONTHLY.running(made, "purchase", at=at),
            MONTHLY.running(made.before(at), "purchase", at=at),
        )


@pytest.mark.parametrize(("user", "over"), [(0, False), (1, True), (2, False), (5, True)])
def test_one_user_alone_is_told_the_same(user: int, over: bool) -> None:
    assert CANCELLED.is_over(WORLD.of_user(user), KINDS, "purchase") is over
    assert not Contract(term_days=30).is_over(WORLD.of_user(user), KINDS, "purchase")


def test_without_a_contract_absence_is_churn() -> None:
    assert not NO_CONTRACT.exists
    definition = Definition("purchase", 15, 30)
    rows = labels.labelled(WORLD, definition, at=AT)
    assert rows.user_row.tolist() == [0, 1, 2, 5, 6]
    assert rows.churned.tolist() == [True, True, True, True, False]
    assert replace(definition, contract=MONTHLY) != definition
