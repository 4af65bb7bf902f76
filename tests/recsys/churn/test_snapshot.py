"""Features of users as of an instant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.churn import labels, snapshot
from recsys.churn.features import FEATURES, WINDOWS
from recsys.data.interactions import NO_EVENTS, Interactions, UserEvents
from recsys.data.kinds import Reading
from recsys.data.times import DAY
from tests.recsys.churn.worlds import KINDS, PURCHASE, dying_world, purchases, table

READING = Reading(KINDS, "purchase")
AT = 100 * DAY

event_lists = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 200 * 24),
        st.integers(0, len(KINDS) - 1),
        st.integers(0, 50),
    ),
    max_size=60,
)


def world(events: list[tuple[int, int, int, int]]) -> Interactions:
    """Return events of (user, hour, kind, value) of five users."""
    user, hour, kind, value = (
        (np.array(column) for column in zip(*events, strict=True))
        if (events)
        else (np.empty(0, int) for _ in range(4))
    )
    return table(5, user, hour / 24, kind.astype(np.int8), value.astype(np.float64))


def of_all(interactions: Interactions, at: int = AT) -> NDArray[np.float32]:
    return snapshot.of_all(interactions, "purchase", at=at)


def feature(interactions: Interactions, name: str, *, user: int = 0, at: int = AT) -> float:
    return float(of_all(interactions, at)[user, FEATURES.index(name)])


@given(event_lists, st.integers(0, 200 * 24))
def test_all_users_at_once_and_one_at_a_time_agree_exactly(
    events: list[tuple[int, int, int, int]], hour: int
) -> None:
    at = hour * DAY // 24
    interactions = world(events)
    together = of_all(interactions, at)
    for user in range(5):
        alone = snapshot.of_user(interactions.of_user(user), READING, at=at)
        np.testing.assert_array_equal(together[user], alone)


@given(event_lists, event_lists, st.randoms(use_true_random=False))
def test_later_events_change_nothing(
    events: list[tuple[int, int, int, int]],
    others: list[tuple[int, int, int, int]],
    random: object,
) -> None:
    earlier = [event for event in events if event[1] < 100 * 24]
    later = [(user, hour + 100 * 24, kind, value) for user, hour, kind, value in others]
    random.shuffle(later)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(of_all(world(earlier)), of_all(world([*earlier, *later])))


@given(event_lists, event_lists, st.integers(1, 90 * 24))
def test_events_ingested_later_change_nothing(
    events: list[tuple[int, int, int, int]], others: list[tuple[int, int, int, int]], delay: int
) -> None:
    before = [event for event in events if event[1] < 100 * 24]
    late = [(user, hour // 2, kind, value) for user, hour, kind, value in others]
    together = world([*before, *late])
    marked = np.concatenate([np.zeros(len(before)), np.ones(len(late))]).astype(bool)
    order = np.lexsort((np.array([e[1] for e in [*before, *late]], float),
                        np.array([e[0] for e in [*before, *late]], int)))  # fmt: skip
    arrived = np.where(marked[order], AT + delay, together.at).astype(np.int64)
    known = replace(together, known_at=np.maximum(arrived, together.at))
    np.testing.assert_array_equal(of_all(known), of_all(world(before)))


def leaky(interactions: Interactions, at: int = AT) -> NDArray[np.float32]:
    """Return the features, one of them with the outcome window in it."""
    table = of_all(interactions, at).copy()
    table[:, FEATURES.index("active_days_30d")] = of_all(interactions, at + 28 * DAY)[
        :, FEATURES.index("active_days_30d")
    ]
    return table


def test_a_planted_leak_is_caught_by_name() -> None:
    world = dying_world(60, 160, seed=1)
    assert labels.leaks(world, "purchase", at=AT) == ()
    assert labels.leaks(world, "purchase", at=AT, of_all=leaky_of_all) == ("active_days_30d",)


def leaky_of_all(interactions: Interactions, kind: str, *, at: int) -> NDArray[np.float32]:
    assert kind == "purchase"
    return leaky(interactions, at)


@given(event_lists)
def test_numbers_are_finite_or_missing(events: list[tuple[int, int, int, int]]) -> None:
    assert not np.isinf(of_all(world(events))).any()


@given(event_lists)
def test_counts_of_wider_windows_are_never_smaller(events: list[tuple[int, int, int, int]]) -> None:
    within = [FEATURES.index(f"active_days_{days}d") for days in WINDOWS]
    counts = np.nan_to_num(of_all(world(events))[:, within])
    assert (np.diff(counts, axis=1) >= 0).all()


def test_a_user_without_a_purchase_has_no_features() -> None:
    views = table(1, np.zeros(1, int), np.array([3.0]), np.array([0], np.int8))
    assert np.isnan(of_all(views)).all()
    assert np.isnan(snapshot.of_user(NO_EVENTS, READING, at=AT)).all()


def test_no_users_give_no_rows() -> None:
    assert of_all(purchases()).shape == (0, len(FEATURES))


def test_an_event_at_the_very_instant_is_not_looked_at() -> None:
    assert feature(purchases([50, 100]), "active_days") == 1.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recency_days", 10.0),
        ("tenure_days", 50.0),
        ("recency_of_tenure", 0.2),
        ("active_days", 4.0),
        ("gap_mean_days", 40 / 3),
        ("gap_median_days", 10.0),
        ("gap_max_days", 25.0),
        ("gap_last_days", 25.0),
        ("gap_sd_days", np.std([5, 10, 25])),
        ("gap_last_of_mean", 25 / (40 / 3)),
        ("recency_of_gap_mean", 10 / (40 / 3)),
        ("recency_of_gap_median", 1.0),
        ("recency_of_gap_max", 0.4),
        ("active_days_7d", 0.0),
        ("active_days_14d", 1.0),
        ("active_days_60d", 4.0),
        ("previous_days_7d", 1.0),
        ("previous_days_30d", 3.0),
        ("trend_7d", 0.5),
        ("trend_30d", 0.5),
        ("value", 40.0),
        ("value_30d", 10.0),
        ("value_per_day", 10.0),
        ("value_last_of_mean", 1.0),
        ("lines_per_day", 1.0),
        ("quantity", 4.0),
        ("returned_share", 0.0),
        ("returns_90d", 0.0),
        ("others_30d", 0.0),
    ],
)
def test_features_of_purchases_at_days_50_55_65_and_90(name: str, value: float) -> None:
    assert feature(purchases([50, 55, 65, 90]), name) == pytest.approx(value)


def test_a_window_of_seven_days_holds_seven_days() -> None:
    daily = purchases([float(day) for day in range(80, 100)])
    assert feature(daily, "active_days_7d") == 7.0
    assert feature(daily, "previous_days_7d") == 7.0


def test_several_lines_on_one_day_are_one_active_day() -> None:
    same_day = purchases([90.1, 90.2, 90.9])
    assert feature(same_day, "active_days") == 1.0
    assert feature(same_day, "lines_last") == 3.0
    assert feature(same_day, "value_last") == 30.0
    assert np.isnan(feature(same_day, "gap_mean_days"))


def test_returns_are_counted_against_the_money_spent() -> None:
    kinds = np.array([PURCHASE, KINDS.index("return")], np.int8)
    world = table(1, np.zeros(2, int), np.array([90.0, 95.0]), kinds, np.array([40.0, 10.0]))
    assert feature(world, "returned_share") == 0.25
    assert feature(world, "returns_90d") == 1.0
    assert feature(world, "value") == 40.0


def test_other_kinds_tell_of_visits() -> None:
    kinds = np.array([PURCHASE, 0, 0], np.int8)
    world = table(1, np.zeros(3, int), np.array([10.0, 60.0, 95.0]), kinds)
    assert feature(world, "others_30d") == 1.0
    assert feature(world, "other_recency_days") == 5.0
    assert feature(world, "recency_days") == 90.0


def test_a_share_of_no_money_is_missing() -> None:
    free = table(1, np.zeros(1, int), np.array([90.0]), value=np.zeros(1))
    assert np.isnan(feature(free, "returned_share"))
    assert np.isnan(feature(free, "value_last_of_mean"))


def test_any_kind_may_be_the_critical_one() -> None:
    views = table(1, np.zeros(2, int), np.array([90.0, 97.0]), np.zeros(2, np.int8))
    seen = snapshot.of_all(views, "view", at=AT)
    assert seen[0, FEATURES.index("recency_days")] == 3.0
    assert np.isnan(snapshot.of_all(views, "renewal", at=AT)).all()


@settings(max_examples=20)
@given(event_lists)
def test_users_do_not_see_each_other(events: list[tuple[int, int, int, int]]) -> None:
    everyone = of_all(world(events))
    only_first = of_all(world([event for event in events if event[0] == 0]))
    np.testing.assert_array_equal(everyone[0], only_first[0])


def test_ready_only_arrays_are_enough() -> None:
    interactions = purchases([1, 2], [3])
    at = interactions.at.copy()
    at.flags.writeable = False
    np.testing.assert_array_equal(of_all(replace(interactions, at=at)), of_all(interactions))


def test_one_user_takes_views_of_the_table() -> None:
    events = purchases([50, 55, 65, 90]).of_user(0)
    assert isinstance(events, UserEvents)
    assert snapshot.of_user(events, READING, at=AT).shape == (len(FEATURES),)
