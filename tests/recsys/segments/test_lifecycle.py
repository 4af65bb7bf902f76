"""New, current, resurrected, dormant, churned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.times import DAY
from recsys.segments import lifecycle
from recsys.segments.lifecycle import ACTIVE, NEVER, STATES

PERIOD = 10
AT = 100 * DAY

users = st.lists(
    st.lists(st.integers(0, 140 * DAY), max_size=6).map(sorted), min_size=1, max_size=12
)


def grouped(times: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    flat = np.array([at for own in times for at in own], np.int64)
    return flat, np.concatenate([[0], np.cumsum([len(own) for own in times])]).astype(np.int64)


def states(times: list[list[int]], *, at: int = AT) -> np.ndarray:
    return lifecycle.states(*grouped(times), at=at, period_days=PERIOD)


@pytest.mark.parametrize(
    ("days", "state"),
    [
        ([95], "new"),
        ([85, 95], "current"),
        ([20, 85, 95], "current"),
        ([75, 95], "resurrected"),
        ([85], "dormant"),
        ([20, 85], "dormant"),
        ([79], "churned"),
    ],
)
def test_states_follow_the_periods_with_a_purchase(days: list[int], state: str) -> None:
    assert STATES[states([[day * DAY for day in days]])[0]] == state


def test_a_period_begins_at_its_first_instant_and_ends_before_its_last() -> None:
    assert STATES[states([[90 * DAY]])[0]] == "new"
    assert STATES[states([[90 * DAY - 1]])[0]] == "dormant"
    assert states([[AT]])[0] == NEVER


@given(times=users)
def test_active_users_are_the_new_the_current_and_the_resurrected(times: list[list[int]]) -> None:
    found = states(times)
    active = [any(AT - PERIOD * DAY <= at < AT for at in own) for own in times]
    assert [STATES[s] in ACTIVE if s != NEVER else False for s in found.tolist()] == active
    ever = [any(at < AT for at in own) for own in times]
    assert (found != NEVER).tolist() == ever


@given(times=users, later=st.integers(AT, 200 * DAY))
def test_later_events_change_nothing(times: list[list[int]], later: int) -> None:
    known = [[at for at in own if at < AT] for own in times]
    assert np.array_equal(states([[*own, later] for own in known]), states(known))


@given(times=users)
def test_transitions_lead_to_everybody_and_only_where_one_can_go(times: list[list[int]]) -> None:
    moves = lifecycle.transitions(*grouped(times), at=AT, period_days=PERIOD)
    now = states(times)
    assert moves.sum(0).tolist() == np.bincount(now[now != NEVER], minlength=5).tolist()
    possible = {
        ("new", "current"), ("new", "dormant"), ("current", "current"), ("current", "dormant"),
        ("resurrected", "current"), ("resurrected", "dormant"), ("dormant", "resurrected"),
        ("dormant", "churned"), ("churned", "resurrected"), ("churned", "churned"), (None, "new"),
    }  # fmt: skip
    rows, columns = np.nonzero(moves)
    before = (*STATES, None)
    assert {(before[r], STATES[c]) for r, c in zip(rows, columns, strict=True)} <= possible


def test_nobody_has_no_transitions() -> None:
    nothing = np.empty(0, np.int64), np.zeros(1, np.int64)
    assert not lifecycle.transitions(*nothing, at=AT, period_days=PERIOD).any()
