"""Decisions that might have sent nothing, with what followed them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.channel.decision import Decision
from recsys.data.ids import IdMap
from recsys.data.times import DAY
from tests.recsys.storage.decisions.test_log import ONE
from training.randomised_log import Drawn, Happenings, Randomised, drawn, followed

USERS = IdMap.of(["a", "b"])
NOW = 1_309_521_600_000_000  # 2011-07-01T12:00Z
WEEK = 7 * DAY


def decision(action: str = "email", segment: str | None = "rfm:lost", **chances: float) -> Decision:
    told = chances or {"email": 0.9, "push": 0.06, "none": 0.04}
    ranked = [{"channel": name, "propensity": p} for name, p in told.items()]
    return replace(
        ONE,
        user_id="a",
        at=NOW,
        action=action,
        features=json.dumps({"segment": segment}),
        answer=json.dumps({"ranked": ranked}),
    )


def shares(found: list[Drawn]) -> list[list[float]]:
    return [list(each.propensity) for each in found]


def counted(*draws: Drawn, bought: tuple[tuple[int, int], ...] = (), until: int) -> Randomised:
    rows, at = zip(*bought, strict=True) if bought else ((), ())
    nobody = Happenings(np.empty(0, np.int32), np.empty(0, np.int64))
    outcomes = Happenings(np.array(rows, np.int32), np.array(at, np.int64))
    return followed(draws, USERS, outcomes, nobody, window=WEEK, until=until)


def test_a_decision_to_send_nothing_counts_like_any_other() -> None:
    found = drawn([decision("none"), decision("push")], ("email", "push"))
    assert [each.action for each in found] == [2, 1]
    assert shares(found) == [pytest.approx([0.9, 0.06, 0.04])] * 2


def test_without_a_chance_to_send_nothing_there_is_nothing_to_compare() -> None:
    assert drawn([decision(email=1.0, none=0.0)], ("email",)) == []


def test_where_nothing_else_could_be_done_there_is_nothing_to_compare() -> None:
    assert drawn([decision("none", email=0.0, none=1.0)], ("email",)) == []


def test_arms_that_are_gone_are_as_if_they_had_not_been_there() -> None:
    found = drawn([decision("email"), decision("push")], ("email",))
    assert [each.action for each in found] == [0]
    assert shares(found) == [pytest.approx([0.9 / 0.94, 0.04 / 0.94])]


def test_an_outcome_counts_within_the_window_whatever_was_drawn() -> None:
    draws = [
        Drawn("a", NOW, "", 1, (0.5, 0.5)),
        Drawn("b", NOW, "", 0, (0.5, 0.5)),
        Drawn("b", NOW + DAY, "", 0, (0.5, 0.5)),
    ]
    bought = ((0, NOW + WEEK), (1, NOW), (1, NOW + WEEK + 1))
    found = counted(*draws, bought=bought, until=NOW + 30 * DAY)
    assert found.happened.tolist() == [True, False, True]


def test_a_window_that_is_still_open_is_left_out() -> None:
    draw = Drawn("a", NOW, "", 1, (0.5, 0.5))
    assert len(counted(draw, until=NOW + WEEK)) == 0
    assert len(counted(draw, until=NOW + WEEK + 1)) == 1


def test_the_segment_is_that_of_the_time_of_the_decision() -> None:
    draws = drawn([decision(), decision(segment=None)], ("email", "push"))
    found = counted(*draws, until=NOW + 30 * DAY)
    assert found.rows_in(("rfm:champions", "rfm:lost")).tolist() == [1, -1]
    assert found.rows_in(("rfm:champions",)).tolist() == [-1, -1]


def test_no_decisions_are_no_rows() -> None:
    found = counted(until=NOW)
    assert len(found) == len(found.before(NOW)) == len(found.rows_in(("x",))) == 0


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), max_size=8),
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 30)), max_size=8),
)
def test_what_followed_is_what_a_look_at_each_event_finds(
    asked: list[tuple[int, int]], bought: list[tuple[int, int]]
) -> None:
    draws = [Drawn("ab"[user], NOW + day * DAY, "", 0, (0.5, 0.5)) for user, day in asked]
    events = tuple((user, NOW + day * DAY) for user, day in bought)
    found = counted(*draws, bought=events, until=NOW + 99 * DAY)
    told = zip(found.user_row, found.at, strict=True)
    assert found.happened.tolist() == [
        any(who == user and at < when <= at + WEEK for who, when in events) for user, at in told
    ]
