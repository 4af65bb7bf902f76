"""From events to what the algorithms score with."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.ids import IdMap
from recsys.data.interactions import NO_EVENTS, Interactions
from recsys.data.times import DAY
from recsys.items.history import EventWeights, History
from tests.recsys.items.shop import AT, KINDS, N_ITEMS, PURCHASE, RETURN, VIEW, WEIGHTS, Row, events


def past(*rows: Row) -> History:
    return WEIGHTS.past(events(*rows), at=AT)


def test_an_event_counts_half_after_a_half_life() -> None:
    history = past((3, PURCHASE, 70), (5, PURCHASE, 100))
    assert history.item_row.tolist() == [3, 5]
    assert history.weight.tolist() == [0.5, 1.0]


def test_an_event_from_the_future_counts_as_one_of_now() -> None:
    assert past((3, PURCHASE, 5_000)).weight.tolist() == [1.0]


def test_kinds_weigh_differently() -> None:
    assert past((0, VIEW, 100), (1, PURCHASE, 100)).weight == pytest.approx([0.1, 1.0])


def test_a_returned_item_is_not_in_the_history() -> None:
    assert past((2, PURCHASE, 90), (2, RETURN, 95), (4, PURCHASE, 90)).item_row.tolist() == [4]


def test_one_of_two_returned_stays_with_less() -> None:
    history = past((2, PURCHASE, 100), (2, PURCHASE, 100), (2, RETURN, 100))
    assert history.weight.tolist() == [1.0]


def test_events_on_unknown_items_are_left_out() -> None:
    assert past((-1, PURCHASE, 100), (1, PURCHASE, 100)).item_row.tolist() == [1]


def test_no_events_are_an_empty_history() -> None:
    assert len(WEIGHTS.past(NO_EVENTS, at=AT)) == 0


def test_the_own_weight_is_worth_what_was_tuned() -> None:
    assert past((3, PURCHASE, 100)).own.tolist() == [0.5]


def test_live_events_have_a_worth_of_their_own() -> None:
    weights = EventWeights(WEIGHTS.kind, 30.0, own=10.0, live=3.0, live_own=2.0)
    history = weights.history(events((0, PURCHASE, 100)), events((1, PURCHASE, 100)), at=AT)
    assert history.weight.tolist() == [1.0, 3.0]
    assert history.own.tolist() == [10.0, 2.0]


def test_a_live_return_takes_a_past_purchase_back() -> None:
    history = WEIGHTS.history(
        events((0, PURCHASE, 90), (1, PURCHASE, 90)),
        events((0, RETURN, 101)),
        at=101 * DAY,
    )
    assert history.item_row.tolist() == [1]


def test_kinds_may_fade_at_their_own_pace() -> None:
    weights = replace(WEIGHTS, kind_half_life_days=np.array([10.0, 30.0, 30.0, 30.0]))
    history = weights.past(events((0, VIEW, 90), (1, PURCHASE, 70)), at=AT)
    assert history.weight == pytest.approx([0.05, 0.5])


def test_no_more_than_the_cap_of_a_kind_counts_for_one_item() -> None:
    looked = [(0, VIEW, 100)] * 5 + [(1, VIEW, 100)] * 2 + [(0, PURCHASE, 100)] * 4
    assert CAPPED.past(events(*looked), at=AT).weight == pytest.approx([0.1 * 3 + 1.0 * 4, 0.1 * 2])


CAPPED = replace(WEIGHTS, cap=np.array([3.0, np.inf, np.inf, np.inf]))

some_events = st.lists(
    st.tuples(st.integers(-1, N_ITEMS - 1), st.integers(0, 3), st.integers(0, 100)), max_size=20
)


@given(st.lists(some_events, min_size=1, max_size=4), st.sampled_from([WEIGHTS, CAPPED]))
def test_a_user_alone_gets_the_same_bits_as_in_training(
    users: list[list[Row]], weights: EventWeights
) -> None:
    rows = [row for own in users for row in own]
    table = Interactions.of(
        IdMap.of(str(user) for user in range(len(users))),
        IdMap.of(str(item) for item in range(N_ITEMS)),
        KINDS,
        user_row=np.repeat(np.arange(len(users)), [len(own) for own in users]).astype(np.int32),
        events=events(*rows),
    )
    together = weights.histories(table, at=AT)
    for user in range(len(users)):
        alone = weights.past(table.of_user(user), at=AT)
        item_row, weight = together.of_user(user)
        np.testing.assert_array_equal(alone.item_row, item_row)
        np.testing.assert_array_equal(alone.weight, weight)


@given(some_events)
def test_a_cap_only_takes_away(rows: list[Row]) -> None:
    kept = events(*(row for row in rows if row[1] != RETURN))
    bounded, free = (each.past(kept, at=AT) for each in (CAPPED, WEIGHTS))
    np.testing.assert_array_equal(bounded.item_row, free.item_row)
    assert (bounded.weight <= free.weight * (1 + 1e-6)).all()


@given(some_events, some_events)
def test_weights_are_positive_and_own_weights_not_negative(
    before: list[Row], since: list[Row]
) -> None:
    history = WEIGHTS.history(events(*before), events(*since), at=AT)
    assert (history.weight > 0).all()
    assert (history.own >= 0).all()
    assert (np.diff(history.item_row) > 0).all()
