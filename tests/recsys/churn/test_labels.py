"""Snapshots of which it is known who churned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.churn import labels
from recsys.churn.features import FEATURES
from recsys.churn.labels import Definition, Labelled
from recsys.data.times import DAY
from tests.recsys.churn.worlds import purchases, table

WEEKLY = Definition("purchase", horizon_days=7, active_days=14)
SPAN = st.integers(0, 400)


def rows(churned: int, retained: int, cutoffs: int) -> Labelled:
    n = churned + retained
    return Labelled(
        np.zeros((n, len(FEATURES)), np.float32),
        np.arange(n) < churned,
        np.arange(n, dtype=np.int32),
        np.arange(n, dtype=np.int64) % cutoffs,
    )


def test_churned_is_who_does_not_come_back_within_the_horizon() -> None:
    back_in_time, too_late, never = [20, 36.9], [20, 37.0], [20.0]
    seen = labels.labelled(purchases(back_in_time, too_late, never), WEEKLY, at=30 * DAY)
    assert seen.churned.tolist() == [False, True, True]


def test_only_active_users_are_labelled() -> None:
    seen = labels.labelled(purchases([15.9], [16], [29.9], [31]), WEEKLY, at=30 * DAY)
    assert seen.user_row.tolist() == [1, 2]


def test_another_kind_of_event_does_not_save_a_user() -> None:
    view = np.array([2, 0], np.int8)
    world = table(1, np.zeros(2, int), np.array([29.0, 31.0]), view)
    assert labels.labelled(world, WEEKLY, at=30 * DAY).churned.tolist() == [True]


def test_coming_back_at_the_very_instant_counts() -> None:
    world = purchases([29.0, 30.0])
    assert labels.labelled(world, WEEKLY, at=30 * DAY).churned.tolist() == [False]


def test_the_last_closed_cutoff_leaves_room_for_the_horizon() -> None:
    assert labels.last_closed(100 * DAY + 5, 30) == 70 * DAY


def test_cutoffs_are_two_weeks_apart_where_there_is_room() -> None:
    days = labels.cutoffs(0, 200 * DAY, n=3, horizon_days=28)
    assert [at // DAY for at in days] == [172, 186, 200]


def test_cutoffs_move_closer_where_history_is_short() -> None:
    days = labels.cutoffs(0, 27 * DAY, n=5, horizon_days=28)
    assert [at // DAY for at in days] == [7, 12, 17, 22, 27]


def test_there_is_no_cutoff_without_history() -> None:
    assert labels.cutoffs(0, 6 * DAY, n=8, horizon_days=7) == ()


@given(SPAN, SPAN, st.integers(1, 12), st.sampled_from([7, 28, 90]))
def test_cutoffs_end_at_the_last_and_never_reach_before_the_data(
    begin: int, span: int, n: int, horizon: int
) -> None:
    last = (begin + span) * DAY
    days = labels.cutoffs(begin * DAY, last, n=n, horizon_days=horizon)
    assert len(days) <= n
    assert all(at >= (begin + 7) * DAY for at in days)
    assert list(days) == sorted(set(days))
    assert not days or days[-1] == last


def test_every_training_window_closes_in_time() -> None:
    world = purchases(*[[float(day) for day in range(user % 5, 99, 5)] for user in range(9)])
    seen = labels.closed(world, WEEKLY, until=60 * DAY, n=4)
    assert seen.at.max() + 7 * DAY == 60 * DAY
    assert len(np.unique(seen.at)) == 4


def test_events_after_the_windows_change_no_row() -> None:
    early = purchases([1, 5, 20, 31, 44], [3, 18, 33])
    late = purchases([1, 5, 20, 31, 44, 60, 61], [3, 18, 33, 60])
    first, second = (labels.closed(world, WEEKLY, until=60 * DAY, n=4) for world in (early, late))
    np.testing.assert_array_equal(first.features, second.features)
    np.testing.assert_array_equal(first.churned, second.churned)


def test_no_cutoff_gives_no_rows() -> None:
    nothing = labels.closed(purchases([], []), WEEKLY, until=0, n=4)
    assert len(nothing) == 0
    assert nothing.weight.tolist() == []


def test_every_user_counts_once() -> None:
    seen = labels.stacked([rows(1, 2, 1), rows(1, 0, 1)])
    assert seen.weight.tolist() == [0.5, 1.0, 1.0, 0.5]


def test_the_latest_rows_are_of_the_last_cutoff() -> None:
    assert set(rows(6, 6, 3).latest().at.tolist()) == {2}


@pytest.mark.parametrize(
    ("churned", "retained", "cutoffs", "enough"),
    [
        (200, 200, 3, True),
        (199, 900, 3, False),
        (900, 199, 3, False),
        (900, 900, 2, False),
        (0, 0, 1, False),
    ],
)
def test_a_model_takes_200_of_each_over_3_cutoffs(
    churned: int, retained: int, cutoffs: int, enough: bool
) -> None:
    why = labels.too_few(rows(churned, retained, cutoffs))
    assert (why == "") is enough
    assert enough or f"{churned} churned and {retained} retained" in why
