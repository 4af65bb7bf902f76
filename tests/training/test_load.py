"""From the event log to what a training run works on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.config import Config, parse
from recsys.data.times import DAY, HOUR
from recsys.errors import NothingToLearnFrom
from recsys.storage.database.sqlite import SqliteDatabase
from recsys.storage.decisions.log import DecisionLog
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.users.profiles import ItemFacts, Profiles
from tests.present import present
from tests.recsys.storage.decisions.test_log import ONE
from training.importing.events import import_events
from training.load import load

CONFIG = parse({"data": {"unavailable_items": ["POST"]}}, {})
EVENTS = (
    Event("e1", "ben", "purchase", 5 * DAY, item_id="tea", quantity=2, value=4.0),
    Event("e2", "ann", "view", 3 * DAY, item_id="pot"),
    Event("e3", "ann", "purchase", DAY, item_id="POST", value=1.0),
    Event("e4", "ann", "purchase", 4 * DAY, value=7.0),
    Event("e5", "ann", "sneeze", 4 * DAY, item_id="tea"),
    Event("m1", "cid", "message_sent", 2 * DAY, channel="sms", pscore=0.5, simulated=True),
    Event("m2", "cid", "message_responded", 3 * DAY, ref="m1", simulated=True),
    Event("m3", "cid", "message_sent", 40 * DAY, channel="sms", simulated=True),
)


@contextmanager
def own_log() -> Iterator[EventLog]:
    with TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "store.db")
        yield EventLog(database)
        database.close()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    database = SqliteDatabase(tmp_path / "store.db")
    yield EventLog(database)
    database.close()


def test_an_empty_log_teaches_nothing(log: EventLog) -> None:
    with pytest.raises(NothingToLearnFrom):
        load(log, CONFIG)


def test_messages_alone_teach_nothing(log: EventLog) -> None:
    log.append(EVENTS[5:], now=1)
    with pytest.raises(NothingToLearnFrom):
        load(log, CONFIG)


def test_interactions_are_grouped_by_user_and_in_order_of_time(log: EventLog) -> None:
    log.append(EVENTS, now=1)
    data = load(log, CONFIG)
    table = data.interactions
    assert list(table.users) == ["ann", "ben", "cid"]
    assert list(table.items) == ["POST", "pot", "tea"]
    assert table.kinds == ("view", "cart", "purchase", "return", "remove", "dismiss", "void")
    assert table.indptr.tolist() == [0, 3, 4, 4]
    assert table.at.tolist() == [DAY, 3 * DAY, 4 * DAY, 5 * DAY]
    assert table.item_row.tolist() == [0, 1, -1, 2]
    assert table.kind.tolist() == [2, 0, 2, 2]
    assert table.quantity.tolist() == [1, 1, 1, 2]
    assert table.value.tolist() == [1.0, 0.0, 7.0, 4.0]
    assert data.watermark == len(EVENTS)


def test_messages_are_joined_with_what_became_of_them(log: EventLog) -> None:
    log.append(EVENTS, now=1)
    messages = load(log, CONFIG).messages
    assert messages.at.tolist() == [2 * DAY]
    assert messages.user_row.tolist() == [2]
    assert messages.responded.tolist() == [True]
    assert messages.simulated


def test_facts_of_items_and_users_are_aligned_with_the_rows(log: EventLog) -> None:
    log.append(EVENTS, now=1)
    profiles = Profiles(log.database)
    profiles.put_items(
        [
            ItemFacts("tea", "Tea", "drinks", "/tea", "/tea.png", 2.0),
            ItemFacts("pot", available=False),
            ItemFacts("new", "Brand new"),
        ]
    )
    profiles.put_users([("ben", {"country": "Norway"}, ""), ("zoe", {"country": "Iceland"}, "")])
    data = load(log, CONFIG)
    assert list(data.interactions.items) == ["POST", "new", "pot", "tea"]
    assert data.catalogue.title == ("", "Brand new", "", "Tea")
    assert data.catalogue.available.tolist() == [False, True, False, True]
    assert np.isnan(data.catalogue.price).tolist() == [True, True, True, False]
    assert data.trait == ("", "Norway", "")


def said(**properties: str) -> str:
    return json.dumps(properties)


def test_devices_and_placements_are_aligned_with_the_events(log: EventLog) -> None:
    log.append(
        [
            replace(EVENTS[0], properties=said(device="mobile", placement="home")),
            replace(EVENTS[1], properties=said(recommendation_id="r1")),
            replace(EVENTS[2], properties=said(device="Desktop ")),
            replace(EVENTS[3], properties="not JSON"),
        ],
        now=1,
    )
    table = load(log, CONFIG).interactions
    assert table.occasions is not None
    assert table.occasions.devices == ("desktop", "mobile")
    assert [table.occasions.names(event) for event in range(4)] == [
        ("desktop", ""), ("", ""), ("", ""), ("mobile", "home"),
    ]  # fmt: skip
    later = present(table.between(5 * DAY, 6 * DAY).occasions)
    assert later.names(0) == ("mobile", "home")


def test_without_a_device_or_placement_nothing_is_kept_of_them(log: EventLog) -> None:
    log.append(EVENTS, now=1)
    data = load(log, CONFIG)
    assert data.interactions.occasions is None
    assert data.timezone == ()


def test_time_zones_are_aligned_with_the_users(log: EventLog) -> None:
    log.append(EVENTS, now=1)
    Profiles(log.database).put_users([("ben", {}, "Asia/Tokyo")])
    assert load(log, CONFIG).timezone == ("", "Asia/Tokyo", "")


def test_what_arrives_after_the_watermark_is_left_out(log: EventLog) -> None:
    log.append(EVENTS, now=1)
    watermark = log.last_seq()
    before = load(log, CONFIG)
    log.append([Event("late", "zoe", "view", 1, item_id="tea")], now=2)
    assert load(log, CONFIG, up_to=watermark).fingerprint == before.fingerprint
    assert load(log, CONFIG).fingerprint != before.fingerprint


def test_the_order_of_arrival_changes_nothing(tmp_path: Path) -> None:
    tied = (*EVENTS, *(replace(EVENTS[0], event_id=f"t{n}", value=float(n)) for n in range(5)))
    fingerprints = []
    for name, events in (("a.db", tied), ("b.db", tied[::-1])):
        database = SqliteDatabase(tmp_path / name)
        log = EventLog(database)
        for event in events:
            log.append([event], now=1)
        fingerprints.append(load(log, CONFIG).fingerprint)
        database.close()
    assert fingerprints[0] == fingerprints[1]


@pytest.mark.parametrize("change", [{"value": 5.0}, {"at": 6 * DAY}, {"item_id": "cup"}])
def test_other_content_has_another_fingerprint(
    log: EventLog, tmp_path: Path, change: dict[str, Any]
) -> None:
    log.append(EVENTS, now=1)
    other = SqliteDatabase(tmp_path / "other.db")
    EventLog(other).append([replace(EVENTS[0], **change), *EVENTS[1:]], now=1)
    assert load(EventLog(other), CONFIG).fingerprint != load(log, CONFIG).fingerprint
    other.close()


@pytest.mark.slow
def test_online_retail_becomes_the_known_counts(log: EventLog, tmp_path: Path) -> None:
    columns = {
        "user": "CustomerID", "item": "StockCode", "at": "InvoiceDate", "quantity": "Quantity",
        "price": "UnitPrice", "order": "InvoiceNo", "title": "Description", "trait": "Country",
    }  # fmt: skip
    data = {"columns": columns, "cancelled_order_prefix": "C", "timezone": "Europe/London"}
    storage = {"quarantine_dir": str(tmp_path)}
    config: Config = parse({"data": data, "storage": storage}, {})
    with as_file(files("training.sample") / "online_retail.parquet") as sample:
        report = import_events(sample, config, log, now=1_700_000_000_000_000)
    assert (report.rows, report.duplicates) == (541_909, 5_268)
    assert report.kinds == {"purchase": 392_692, "return": 8_872}
    assert report.quarantined == {"no_user": 135_037, "zero_price": 40}
    loaded = load(log, config)
    left = loaded.interactions
    assert (len(left.of_kind("purchase")), len(left.of_kind("return"))) == (389_723, 1_564)
    assert (len(left.users), len(left.items)) == (4_362, 3_684)


def test_what_came_late_through_the_api_was_not_known_before_it_came(log: EventLog) -> None:
    log.append([Event("a", "ann", "purchase", 5 * DAY)], now=8 * DAY)
    log.append([Event("b", "ann", "purchase", 9 * DAY)], now=9 * DAY)
    table = load(log, CONFIG).interactions
    assert table.known_at is not None
    assert table.known_at.tolist() == [8 * DAY, 9 * DAY]
    assert len(table.before(7 * DAY)) == 0
    assert len(table.before(8 * DAY + 1)) == 1


def test_history_that_is_loaded_afterwards_counts_as_known_at_its_time(log: EventLog) -> None:
    log.append([Event("a", "ann", "purchase", 5 * DAY)], now=50 * DAY)
    imported = {"event_id": ["b"], "user_id": ["ann"], "kind": ["purchase"], "at": [6 * DAY]}
    log.append_columns(imported, now=7 * DAY, source="shop.csv")
    table = load(log, CONFIG).interactions
    assert table.known_at is None
    assert len(table.before(7 * DAY)) == 2


def test_with_an_outcome_decisions_to_send_nothing_are_loaded_with_what_followed(
    log: EventLog,
) -> None:
    log.append(EVENTS, now=1)
    log.append([Event("e9", "dan", "purchase", 30 * DAY)], now=2)
    ranked = [{"channel": "sms", "propensity": 0.7}, {"channel": "none", "propensity": 0.3}]
    nothing = replace(
        ONE, at=4 * DAY, action="none", features='{"segment": null}',
        answer=json.dumps({"ranked": ranked}),
    )  # fmt: skip
    decisions = DecisionLog(log.database)
    for user in ("ben", "eve"):
        decisions.put(replace(nothing, user_id=user))
    data = load(log, parse({"channels": {"outcome": "purchase"}}, {}))
    assert list(data.interactions.users) == ["ann", "ben", "cid", "dan", "eve"]
    assert data.randomised is not None
    assert data.randomised.user_row.tolist() == [1, 4]
    assert data.randomised.happened.tolist() == [True, False]
    assert data.randomised.propensity.tolist() == [[0.0, 0.0, 0.7, 0.3]] * 2
    silent = load(log, CONFIG)
    assert silent.randomised is None
    assert list(silent.interactions.users) == ["ann", "ben", "cid", "dan"]
    assert silent.fingerprint != data.fingerprint


def test_an_unsubscription_in_the_window_is_known(log: EventLog) -> None:
    log.append(
        [*EVENTS, Event("m9", "ben", "message_unsubscribed", 6 * DAY, channel="sms"),
         Event("e9", "dan", "purchase", 30 * DAY)],
        now=1,
    )  # fmt: skip
    ranked = [{"channel": "sms", "propensity": 0.7}, {"channel": "none", "propensity": 0.3}]
    sent = replace(
        ONE, user_id="ben", at=5 * DAY, action="sms", features='{"segment": null}',
        answer=json.dumps({"ranked": ranked}),
    )  # fmt: skip
    DecisionLog(log.database).put(sent)
    data = load(log, parse({"channels": {"outcome": "purchase"}}, {}))
    assert data.randomised is not None
    assert data.randomised.left.tolist() == [True]
    assert data.randomised.happened.tolist() == [False]


def cancelled(user: str, item: str, day: int, *, order: str | None) -> tuple[Event, Event]:
    """Return an order of a million and what took it back an hour later."""
    a_million = {"item_id": item, "quantity": 1e5, "value": 1e6, "order_id": order}
    return (
        Event(f"{user}{item}{day}+", user, "purchase", day * DAY, **a_million),  # type: ignore[arg-type]
        Event(f"{user}{item}{day}-", user, "return", day * DAY + HOUR, **a_million),  # type: ignore[arg-type]
    )


@settings(max_examples=20, deadline=None)
@given(
    user=st.sampled_from(["ann", "ben", "only-cancels"]),
    item=st.sampled_from(["tea", "pot", "only-cancelled"]),
    day=st.integers(0, 60),
    order=st.sampled_from([None, "o1"]),
)
def test_a_cancelled_pair_changes_nothing_that_is_learnt_from(
    user: str, item: str, day: int, order: str | None
) -> None:
    with own_log() as without, own_log() as with_pair:
        without.append(EVENTS, now=1)
        with_pair.append([*EVENTS, *cancelled(user, item, day, order=order)], now=1)
        expected, found = load(without, CONFIG), load(with_pair, CONFIG)
    assert found.fingerprint == expected.fingerprint
    for cutoff in (day * DAY, (day + 1) * DAY):
        known, wanted = found.before(cutoff).interactions, expected.before(cutoff).interactions
        assert known.value.tolist() == wanted.value.tolist()
        assert known.item_row.tolist() == wanted.item_row.tolist()


def test_an_order_stands_until_it_is_taken_back(log: EventLog) -> None:
    log.append([*EVENTS, *cancelled("ann", "tea", 6, order=None)], now=1)
    data = load(log, CONFIG)
    at = 6 * DAY + HOUR
    assert data.before(at).interactions.value.max() == 1e6
    assert data.before(at + 1).interactions.value.max() == 7.0
    assert data.seen_from(at).value.tolist() == [1.0, 0.0, 7.0, 1e6, 4.0]


def test_an_order_whose_state_says_so_is_no_purchase(log: EventLog) -> None:
    void = Event("v", "ben", "void", 5 * DAY, item_id="tea", quantity=2, value=4.0)
    log.append([*EVENTS, void], now=1)
    assert load(log, CONFIG).interactions.value.tolist() == [1.0, 0.0, 7.0]


def test_a_log_of_nothing_but_cancelled_orders_teaches_nothing(log: EventLog) -> None:
    log.append(cancelled("ann", "tea", 6, order=None), now=1)
    with pytest.raises(NothingToLearnFrom, match="taken back"):
        load(log, CONFIG)
