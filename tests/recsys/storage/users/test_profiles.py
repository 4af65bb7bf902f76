"""Profiles: items and users are completed, consents are a ledger."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.ids import IdMap
from recsys.errors import StoreUnavailable
from recsys.storage.database.interface import Database
from recsys.storage.users.consents import Consent, Consents, holding, latest
from recsys.storage.users.profiles import ItemFacts, Profiles, item_fields


@pytest.fixture
def profiles(database: Database) -> Profiles:
    return Profiles(database)


def test_whatever_is_said_of_an_item_is_a_change(profiles: Profiles) -> None:
    assert profiles.last_change() == 0
    profiles.put_items([ItemFacts("tea"), ItemFacts("pot")])
    first = profiles.last_change()
    profiles.put_items([ItemFacts("tea", available=False)])
    assert profiles.last_change() > first > 0


def test_what_rules_may_ask_of_items_is_in_the_rows_of_a_model(profiles: Profiles) -> None:
    profiles.put_items(
        [
            ItemFacts("tea", "Tea", price=2.5, attributes={"brand": "Co"}),
            ItemFacts("pot", available=False),
        ]
    )
    items = IdMap.of(["pot", "tea", "unsaid"])
    found = item_fields(items, profiles.items(), {"unsaid"})
    assert found.available.tolist() == [False, True, False]
    assert found.fields["brand"].code.tolist() == [-1, 0, -1]
    assert found.fields["price"].code.tolist() == [-1, 0, -1]
    assert [found.fields["item_id"].values[c] for c in (0, 1, 2)] == ["pot", "tea", "unsaid"]


def test_an_item_is_available_until_told_otherwise(profiles: Profiles) -> None:
    profiles.put_items([ItemFacts("tea")])
    assert profiles.items()["tea"].available is True
    profiles.put_items([ItemFacts("tea", available=False)])
    profiles.put_items([ItemFacts("tea", title="Tea")])
    assert profiles.items()["tea"] == ItemFacts("tea", title="Tea", available=False)


def test_what_is_not_known_overwrites_nothing(profiles: Profiles) -> None:
    full = ItemFacts("tea", "Tea", "drinks", "/tea", "/tea.png", 2.5, 10, available=True)
    profiles.put_items([full])
    profiles.put_items([ItemFacts("tea")])
    assert profiles.items() == {"tea": full}


def test_an_older_price_never_replaces_a_later_one(profiles: Profiles) -> None:
    profiles.put_items([ItemFacts("tea", price=3.0, price_at=10)])
    profiles.put_items([ItemFacts("tea", price=2.0, price_at=5)])
    assert profiles.items()["tea"].price == 3.0
    profiles.put_items([ItemFacts("tea", price=4.0, price_at=11)])
    assert profiles.items()["tea"].price == 4.0


def test_an_item_without_a_price_takes_whatever_price_comes(profiles: Profiles) -> None:
    profiles.put_items([ItemFacts("tea", price_at=10)])
    profiles.put_items([ItemFacts("tea", price=2.0, price_at=5)])
    assert profiles.items()["tea"].price == 2.0


def test_traits_of_a_user_are_merged(profiles: Profiles) -> None:
    profiles.put_users([("ann", {"country": "Iceland", "plan": "a"}, "")])
    profiles.put_users([("ann", {"country": "Norway"}, "Europe/Oslo"), ("ben", {}, "")])
    profiles.put_users([("ann", {}, "")])
    assert profiles.users() == {
        "ann": ({"country": "Norway", "plan": "a"}, "Europe/Oslo"),
        "ben": ({}, ""),
    }


def test_the_same_line_of_the_ledger_is_written_once(profiles: Profiles) -> None:
    line = Consent("ann", "marketing", "email", "granted", 5, basis="form")
    assert Consents(profiles.database).record([line, line]) == 1
    assert Consents(profiles.database).record([line]) == 0


def test_the_latest_word_counts_whatever_order_it_came_in(profiles: Profiles) -> None:
    Consents(profiles.database).record(
        [
            Consent("ann", "marketing", "email", "denied", 9),
            Consent("ann", "marketing", "email", "granted", 5),
            Consent("ann", "profiling", "", "denied", 1),
            Consent("ben", "profiling", "", "granted", 1),
        ]
    )
    assert holding(Consents(profiles.database).ledger_of("ann")) == {
        ("marketing", "email"): False,
        ("profiling", ""): False,
    }
    assert holding(Consents(profiles.database).ledger_of("cid")) == {}


@given(st.lists(st.tuples(st.sampled_from(["granted", "denied"]), st.integers(0, 3)), min_size=1))
def test_a_grant_counts_only_if_given_and_taken_after_every_denial(
    words: list[tuple[str, int]],
) -> None:
    lines = [("profiling", "", state, at, seq) for seq, (state, at) in enumerate(words)]
    denials = [seq for seq, (state, _) in enumerate(words) if state == "denied"]
    newest = max((words[seq][1] for seq in denials), default=-1)
    since = words[max(denials, default=-1) + 1 :]
    expected = any(at >= newest for _, at in since)
    assert latest(lines) == {("profiling", ""): expected}
    assert latest(reversed(lines)) == {("profiling", ""): expected}


def test_a_closed_store_is_unavailable(profiles: Profiles) -> None:
    profiles.database.close()
    with pytest.raises(StoreUnavailable):
        profiles.put_items([ItemFacts("tea")])
