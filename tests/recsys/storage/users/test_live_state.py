"""What is remembered of a user beyond the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from recsys.data.person import NOTHING_REMEMBERED, LiveEvent, Reaction, Remembered
from recsys.data.times import DAY, HOUR
from recsys.errors import StoreUnavailable
from recsys.storage.database.interface import Database
from recsys.storage.database.sqlite import SqliteDatabase
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.users import live_state
from recsys.storage.users.consents import Consent, Consents
from recsys.storage.users.live_state import LiveState
from recsys.storage.users.profiles import Profiles

NOW = 1_000 * DAY


@pytest.fixture
def log(database: Database) -> EventLog:
    return EventLog(database)


def remembered(log: EventLog, user_id: str, *, since: int, at: int) -> Remembered:
    state = LiveState(log.database, live_events=3)
    found = state.of(user_id, since=since, at=at)
    # It is a law of all tests here that many are told what each is.
    together = state.of_all([user_id, "nobody else", user_id], since=since, at=at)
    assert together == [found, NOTHING_REMEMBERED, found]
    return found


def live(log: EventLog, user_id: str = "ann", *, since: int = 0) -> list[str | None]:
    return [event.item_id for event in remembered(log, user_id, since=since, at=NOW).live]


def put(log: EventLog, *items: str, user_id: str = "ann", at: int = NOW) -> None:
    log.append([Event(f"{user_id}-{i}", user_id, "view", at, item_id=i) for i in items], now=NOW)


def sent(event_id: str, channel: str, at: int) -> Event:
    return Event(event_id, "ann", "message_sent", at, channel=channel)


def test_nothing_is_remembered_of_a_stranger(log: EventLog) -> None:
    assert remembered(log, "who", since=0, at=NOW) is NOTHING_REMEMBERED
    assert remembered(log, "\ud800", since=0, at=NOW) is NOTHING_REMEMBERED
    assert remembered(log, "", since=0, at=NOW) is NOTHING_REMEMBERED


def test_an_event_is_remembered_as_soon_as_it_is_appended(log: EventLog) -> None:
    log.append([Event("a", "ann", "buy", 7, item_id="tea", quantity=2, value=5.0)], now=NOW)
    assert remembered(log, "ann", since=0, at=NOW).live == (LiveEvent("tea", "buy", 7, 2.0, 5.0),)


def test_an_event_of_unknown_worth_is_worth_nothing(log: EventLog) -> None:
    log.append([Event("a", "ann", "view", 7)], now=NOW)
    assert remembered(log, "ann", since=0, at=NOW).live == (LiveEvent(None, "view", 7, 1.0, 0.0),)


def test_only_events_after_the_watermark_are_live(log: EventLog) -> None:
    put(log, "tea", "pot")
    watermark = log.last_seq()
    put(log, "cup")
    assert live(log, since=watermark) == ["cup"]
    assert live(log, since=log.last_seq()) == []


def test_events_of_others_and_of_the_future_are_left_out(log: EventLog) -> None:
    put(log, "tea")
    put(log, "pot", user_id="ben")
    put(log, "cup", at=NOW + live_state.SLACK + 1)
    assert live(log) == ["tea"]


def test_what_a_host_with_a_faster_clock_took_happened_just_now(log: EventLog) -> None:
    put(log, "tea", at=NOW + live_state.SLACK)
    (event,) = remembered(log, "ann", since=0, at=NOW).live
    assert (event.item_id, event.at) == ("tea", NOW)


def test_the_latest_arrivals_are_remembered_in_their_order(log: EventLog) -> None:
    put(log, "a", "b", "c", "d", "e")
    assert live(log) == ["c", "d", "e"]


def test_messages_of_the_last_week_are_remembered_however_old_the_watermark(log: EventLog) -> None:
    log.append(
        [
            sent("m1", "email", NOW - 3 * DAY),
            sent("m2", "sms", NOW - 2 * DAY),
            sent("m3", "email", NOW - 5 * DAY),
            sent("m4", "email", NOW - 7 * DAY),
            sent("m5", "email", NOW + live_state.SLACK + 1),
            Event("r1", "ann", "message_responded", NOW, ref="m1"),
        ],
        now=NOW,
    )
    state = remembered(log, "ann", since=log.last_seq(), at=NOW)
    assert state.messages == {"email": (NOW - 5 * DAY, NOW - 3 * DAY), "sms": (NOW - 2 * DAY,)}
    assert live(log) == []


def came(
    event_id: str, kind: str, at: int, *, ref: str | None = None, machine: bool = False
) -> Event:
    return Event(event_id, "ann", kind, at, channel="email", ref=ref, machine=machine)


def test_what_came_of_messages_is_remembered_with_the_message(log: EventLog) -> None:
    log.append(
        [
            sent("m1", "email", NOW - 3 * DAY),
            sent("m2", "email", NOW - 2 * DAY),
            replace(sent("m3", "email", NOW - DAY), ref="decision 7"),
            came("r1", "message_responded", NOW - 2 * HOUR, ref="decision 7"),
            came("r2", "message_opened", NOW - 2 * DAY + HOUR),
            came("r3", "message_responded", NOW + live_state.SLACK, ref="m1"),
            came("r4", "message_responded", NOW - DAY, ref="long ago"),
            came("r5", "message_opened", NOW - DAY, ref="m1", machine=True),
            came("r6", "message_unsubscribed", NOW - DAY, ref="m1"),
        ],
        now=NOW,
    )
    assert remembered(log, "ann", since=log.last_seq(), at=NOW).reactions == (
        Reaction("email", NOW - 2 * DAY, NOW - 2 * DAY + HOUR, opened=True),
        Reaction("email", NOW - DAY, NOW - 2 * HOUR, opened=False),
        Reaction("email", NOW - 3 * DAY, NOW, opened=False),
    )


def test_a_response_before_any_message_belongs_to_none(log: EventLog) -> None:
    log.append(
        [
            came("r1", "message_responded", NOW - 4 * DAY),
            came("r2", "message_responded", NOW - 4 * DAY, ref="m1"),
            sent("m1", "email", NOW - 3 * DAY),
        ],
        now=NOW,
    )
    assert remembered(log, "ann", since=0, at=NOW).reactions == ()


def test_consents_hold_whatever_their_time(log: EventLog) -> None:
    Consents(log.database).record(
        [
            Consent("ann", "profiling", "", "granted", 1),
            Consent("ann", "profiling", "", "denied", NOW + DAY),
            Consent("ann", "marketing", "email", "granted", 1),
            Consent("ann", "marketing", "sms", "granted", 1),
            Consent("ann", "marketing", "sms", "denied", 2),
        ]
    )
    state = remembered(log, "ann", since=0, at=NOW)
    assert state == Remembered(profiling=False, channels=frozenset({"email"}))


def test_traits_and_the_time_zone_are_remembered(log: EventLog) -> None:
    Profiles(log.database).put_users([("ann", {"country": "Norway"}, "Europe/Oslo"), ("b", {}, "")])
    traits = remembered(log, "ann", since=0, at=NOW).traits
    assert traits == {"country": "Norway", "timezone": "Europe/Oslo"}
    assert remembered(log, "b", since=0, at=NOW).traits == {}


def test_every_part_of_the_read_uses_an_index(tmp_path: Path) -> None:
    file = SqliteDatabase(tmp_path / "store.db")
    plan = file.read(f"EXPLAIN QUERY PLAN {live_state.ALL}", ("a", 1, 1, 1))
    file.close()
    steps = [row[3] for row in plan]
    within = {"SCAN live", "SCAN bounced"}
    assert any("failures_of_user" in step for step in steps)
    assert not [step for step in steps if step.startswith("SCAN") and step not in within]
    for index in ("events_of_user", "messages_of_user", "statements_of_user"):
        assert any(index in step for step in steps)


def test_bounces_are_looked_up_from_failures_not_from_all_that_was_sent(tmp_path: Path) -> None:
    file = SqliteDatabase(tmp_path / "store.db")
    plan = file.read(f"EXPLAIN QUERY PLAN {live_state.ALL}", ("a", 1, 1, 1))
    file.close()
    steps = [row[3] for row in plan if row[3].startswith(("SEARCH failed", "SEARCH sent"))]
    assert steps == [
        "SEARCH failed USING INDEX failures_of_user (user_id=?)",
        "SEARCH sent USING INDEX sqlite_autoindex_events_1 (event_id=?)",
    ]


def test_a_bounce_is_of_who_was_sent_the_message_though_others_were_sent_one_of_that_id(
    log: EventLog,
) -> None:
    bob = replace(sent("m1", "email", NOW - 20 * DAY), user_id="bob")
    log.append([sent("m1", "email", NOW - 10 * DAY), bob], now=NOW)
    log.append([came("f1", "message_failed", NOW - 9 * DAY, ref="m1")], now=NOW)

    def bounced(user_id: str) -> list[int]:
        found = remembered(log, user_id, since=0, at=NOW).signals
        return [signal.at for signal in found if signal.kind == "message_failed"]

    assert bounced("ann") == [NOW - 10 * DAY]
    assert bounced("bob") == []


def test_a_closed_store_is_unavailable(log: EventLog) -> None:
    log.database.close()
    with pytest.raises(StoreUnavailable):
        remembered(log, "ann", since=0, at=NOW)
