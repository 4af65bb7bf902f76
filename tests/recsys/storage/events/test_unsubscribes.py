"""Who unsubscribes is not written to again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recsys.storage.database.interface import Database
from recsys.storage.decisions.log import DecisionLog
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.users import merges
from recsys.storage.users.consents import Consent, Consents
from recsys.storage.users.live_state import LiveState
from tests.recsys.storage.decisions.test_log import ONE

NOW = 1_000
SPAM = Event("s", "ann", "message_unsubscribed", 20, channel="email", ref="m")
GRANTED = [Consent("ann", "marketing", name, "granted", 10) for name in ("email", "sms")]


@pytest.fixture
def log(database: Database) -> EventLog:
    Consents(database).record(GRANTED)
    return EventLog(database)


def channels(log: EventLog, user_id: str = "ann") -> set[str]:
    return set(LiveState(log.database).of(user_id, since=0, at=NOW).channels)


def test_who_unsubscribes_denies_the_channel_and_no_other(log: EventLog) -> None:
    log.append([SPAM], now=NOW)
    assert channels(log) == {"sms"}
    denied = Consent("ann", "marketing", "email", "denied", 20, source="message_unsubscribed")
    assert Consents(log.database).ledger_of("ann")[-1] == denied


def test_told_again_it_denies_nothing_new_and_a_later_yes_holds(log: EventLog) -> None:
    log.append([SPAM], now=NOW)
    Consents(log.database).record([replace(GRANTED[0], at=30)])
    log.append([SPAM], now=NOW)
    assert channels(log) == {"email", "sms"}
    assert len(Consents(log.database).ledger_of("ann")) == 4


def test_the_message_or_the_decision_that_it_names_says_the_channel(log: EventLog) -> None:
    log.append([Event("m", "ann", "message_sent", 15, channel="email")], now=NOW)
    log.append([replace(SPAM, channel=None)], now=NOW)
    assert channels(log) == {"sms"}
    DecisionLog(log.database).put(replace(ONE, action="sms"))
    log.append([replace(SPAM, event_id="t", channel=None, ref="d1")], now=NOW)
    assert channels(log) == set()


def test_what_names_no_known_message_denies_nothing(log: EventLog) -> None:
    log.append([replace(SPAM, channel=None, ref="who")], now=NOW)
    assert channels(log) == {"email", "sms"}


def test_what_is_simulated_denies_nothing(log: EventLog) -> None:
    log.append([replace(SPAM, simulated=True)], now=NOW)
    assert channels(log) == {"email", "sms"}


def test_a_file_denies_as_well_and_for_the_user_that_an_id_became(log: EventLog) -> None:
    merges.merge(log.database, "anon", "ann", at=12)
    rows = {"event_id": ["a", "b"], "user_id": ["anon", "ben"], "at": [20, 20]}
    kinds = {"kind": ["message_unsubscribed"] * 2, "channel": ["sms", "email"]}
    log.append_columns({**rows, **kinds}, now=NOW)
    assert channels(log) == {"email"}
    assert channels(log, "ben") == set()


def test_who_leaves_as_one_person_has_left_as_both_when_they_part_again(log: EventLog) -> None:
    merges.merge(log.database, "phone", "ann", at=NOW)
    log.append([replace(SPAM, user_id="phone")], now=NOW)
    merges.unmerge(log.database, "phone", at=NOW)
    assert channels(log) == {"sms"}
    assert [Consents(log.database).ledger_of(one)[-1].state for one in ("ann", "phone")] == [
        "denied", "denied",
    ]  # fmt: skip
