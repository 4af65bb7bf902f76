"""Ids, rows and tables of events."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.ids import IdMap
from recsys.data.interactions import NO_EVENTS, Interactions, UserEvents
from recsys.data.kinds import MESSAGE_KINDS, kind_of, message_of
from recsys.data.times import micros, moment

KINDS = ("view", "purchase")
NAMES = st.text(max_size=8)


def events(at: list[int], items: list[int] | None = None) -> UserEvents:
    n = len(at)
    return UserEvents(
        item_row=np.array(items if items is not None else range(n), np.int32),
        kind=np.zeros(n, np.int8),
        at=np.array(at, np.int64),
        quantity=np.ones(n, np.float32),
        value=np.ones(n),
    )


def table(user_row: list[int], at: list[int]) -> Interactions:
    users, items = IdMap.of(["a", "b", "c"]), IdMap.of([str(n) for n in range(9)])
    return Interactions.of(
        users, items, KINDS, user_row=np.array(user_row, np.int32), events=events(at)
    )


@given(st.integers(min_value=0, max_value=4_000_000_000_000_000))
def test_a_moment_and_its_microseconds_are_the_same_instant(at: int) -> None:
    assert abs(micros(moment(at)) - at) <= 1  # a float of seconds holds a microsecond until 2255


def test_a_moment_is_in_utc() -> None:
    assert moment(1_500_000) == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)


@given(st.lists(NAMES))
def test_an_id_map_gives_back_what_it_was_given(names: list[str]) -> None:
    ids = IdMap.of(names)
    assert set(ids) == set(names)
    assert [ids[ids.row(name) or 0] for name in names] == names
    assert ids.rows(names).tolist() == [ids.row(name) for name in names]


@given(st.lists(NAMES), NAMES)
def test_an_id_map_knows_what_it_does_not_hold(names: list[str], other: str) -> None:
    ids = IdMap.of(names)
    assert (ids.row(other) is None) == (other not in names)
    assert (ids.rows([other])[0] == -1) == (other not in names)


def test_an_empty_id_map_holds_nothing() -> None:
    assert len(IdMap.of([])) == 0
    assert IdMap.of([]).row("a") is None


def test_a_lone_surrogate_is_nobody() -> None:
    assert IdMap.of(["a"]).row("\ud800") is None


def test_later_events_follow_in_order_of_time() -> None:
    joined = events([1, 5], [10, 11]).followed_by(events([3, 5], [12, 13]))
    assert joined.at.tolist() == [1, 3, 5, 5]
    assert joined.item_row.tolist() == [10, 12, 11, 13]


def test_no_events_change_nothing() -> None:
    own = events([1, 2])
    assert own.followed_by(NO_EVENTS) is own
    assert NO_EVENTS.followed_by(own) is own


def test_a_table_is_grouped_by_user_and_ordered_by_time() -> None:
    interactions = table([2, 0, 2, 0], [5, 4, 1, 2])
    assert interactions.indptr.tolist() == [0, 2, 2, 4]
    assert interactions.at.tolist() == [2, 4, 1, 5]
    assert interactions.user_row.tolist() == [0, 0, 2, 2]
    assert interactions.of_user(2).item_row.tolist() == [2, 0]
    assert len(interactions.of_user(1)) == 0


def test_ties_in_time_keep_their_order() -> None:
    assert table([0, 0, 0], [7, 7, 7]).item_row.tolist() == [0, 1, 2]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20)), max_size=9), st.integers(0, 20))
def test_a_cutoff_parts_a_table_without_losing_an_event(
    rows: list[tuple[int, int]], cutoff: int
) -> None:
    interactions = table([user for user, _ in rows], [at for _, at in rows])
    before, after = interactions.before(cutoff), interactions.between(cutoff, 21)
    assert len(before) + len(after) == len(interactions)
    assert (before.at < cutoff).all()
    assert (after.at >= cutoff).all()
    for part in (before, after):
        assert part.indptr[-1] == len(part)
        assert (np.diff(part.user_row) >= 0).all()


def test_the_end_is_the_first_instant_after_everything() -> None:
    assert table([0, 1], [5, 9]).end == 10
    assert table([], []).end == 0


def test_events_of_other_kinds_are_left_out() -> None:
    assert len(table([0, 1], [1, 2]).of_kind("view")) == 2
    assert len(table([0, 1], [1, 2]).of_kind("purchase", "unheard of")) == 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Product Viewed", "view"),
        ("product_added", "cart"),
        ("AddToCart", "cart"),
        ("PURCHASE", "purchase"),
        ("Order Refunded", "return"),
        ("watched", "watched"),
        ("", ""),
    ],
)
def test_the_usual_names_of_events_are_understood(name: str, kind: str) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    ("name", "came", "channel"),
    [
        ("Email Delivered", "sent", "email"),
        ("email_opened", "opened", "email"),
        ("Email Link Clicked", "responded", "email"),
        ("EmailBounced", "failed", "email"),
        ("Email Marked as Spam", "unsubscribed", "email"),
        ("Unsubscribed", "unsubscribed", ""),
        ("Push Notification Received", "sent", "push"),
        ("Push Notification Tapped", "responded", "push"),
        ("Push Opened", "responded", "push"),
        ("Push Notification Bounced", "failed", "push"),
        ("SMS Delivered", "sent", "sms"),
        ("SMS Link Clicked", "responded", "sms"),
        ("SMS Undelivered", "failed", "sms"),
        ("sms unsubscribed", "unsubscribed", "sms"),
        ("message_opened", "opened", ""),
    ],
)
def test_names_of_messages_and_of_what_came_of_them(name: str, came: str, channel: str) -> None:
    assert message_of(name) == (f"message_{came}", channel)
    assert message_of(name)[0] in MESSAGE_KINDS


@pytest.mark.parametrize("name", ["", "Order Completed", "Email Sent", "click", "opened"])
def test_other_names_say_nothing_of_messages(name: str) -> None:
    assert message_of(name) == ("", "")
