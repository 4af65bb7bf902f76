"""Who was erased is nobody, for good."""

from __future__ import annotations

import pytest

from recsys.channel.decision import Decision
from recsys.data.person import ERASED
from recsys.errors import ErasedUser
from recsys.storage.database.interface import Database
from recsys.storage.database.tables import METADATA
from recsys.storage.decisions.exposures import Exposure, ExposureLog, Seen
from recsys.storage.decisions.lists import ListLog, ShownList
from recsys.storage.decisions.log import DecisionLog
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.privacy import erasure
from recsys.storage.privacy.erasure import Receipt, erase, erased_after, receipt_of
from recsys.storage.users import aliases, merges, statements
from recsys.storage.users.consents import Consent, Consents
from recsys.storage.users.live_state import LiveState
from recsys.storage.users.profiles import Profiles
from recsys.storage.users.statements import Statement

NOW = 1_000


def view(event_id: str, user_id: str = "ann", kind: str = "view") -> Event:
    return Event(event_id, user_id, kind, 1, item_id=event_id)


def items(log: EventLog, user_id: str) -> list[str | None]:
    return [event.item_id for event in LiveState(log.database).of(user_id, since=0, at=NOW).live]


def decision(user_id: str) -> Decision:
    return Decision(
        "d1", user_id, 1, "", "", "", "", "popular", "v1", "", "{}", 1, "email", None, 1.0,
        explored=False, epsilon=0.0, seed=7, consent_seq=0, cost=0.0, currency="", answer="{}",
    )  # fmt: skip


def full(database: Database) -> None:
    """Ann, who was `phone` once, and Ben."""
    log, profiles = EventLog(database), Profiles(database)
    log.append([view("a"), view("x", "ben"), view("b", "phone"), view("c")], now=NOW)
    profiles.put_users([("ann", {"country": "Norway"}, ""), ("ben", {"country": "France"}, "")])
    Consents(profiles.database).record([Consent("ann", "marketing", "sms", "granted", 1)])
    for user in ("ann", "ben"):
        DecisionLog(database).put(decision(user))
        shown = ShownList(f"l-{user}", user, "home", 1, "v1", "popular", 1, ({"item_id": "a"},), {})
        ListLog(database).put([shown])
    ExposureLog(database).append([Exposure("l-ann", "phone", Seen.CLICK, "a", 1, 1)])
    said = ("trait", "country", "Norway", "klaviyo.profiles", "", 1)
    statements.put(database, [Statement(one, *said) for one in ("ann", "phone")])
    merges.merge(database, "phone", "ann", at=NOW)


def rows_about(database: Database, user_id: str) -> int:
    (row,) = database.read(
        "SELECT (SELECT count(*) FROM events WHERE user_id = ?1)"
        " + (SELECT count(*) FROM users WHERE user_id = ?1)"
        " + (SELECT count(*) FROM consents WHERE user_id = ?1)"
        " + (SELECT count(*) FROM decisions WHERE user_id = ?1)"
        " + (SELECT count(*) FROM lists WHERE user_id = ?1)"
        " + (SELECT count(*) FROM exposures WHERE user_id = ?1)"
        " + (SELECT count(*) FROM statements WHERE user_id = ?1)",
        (user_id,),
    )
    return int(row[0])


def test_everything_goes_and_the_receipt_counts_it(database: Database) -> None:
    full(database)
    receipt = erase(database, "ann", at=NOW, receipt_id="r1")
    counts = {
        "events": 3, "users": 1, "consents": 1, "decisions": 1, "lists": 1, "exposures": 1,
        "participants": 0, "statements": 2, "aliases": 1,
    }  # fmt: skip
    assert receipt == Receipt("r1", NOW, counts)
    assert [rows_about(database, one) for one in ("ann", "phone", "ben")] == [0, 0, 4]


def test_what_keeps_the_last_place_of_the_log_says_nothing_of_the_user(database: Database) -> None:
    EventLog(database).append([view("m1:ann")], now=NOW)
    erase(database, "ann", at=NOW, receipt_id="r1")
    (row,) = database.read("SELECT * FROM events")
    assert not any(isinstance(value, str) and "ann" in value for value in row)


@pytest.mark.parametrize("asked", ["ann", "phone"])
def test_all_ids_of_the_person_are_nobody_and_others_are_not_touched(
    database: Database, asked: str
) -> None:
    full(database)
    erase(database, asked, at=NOW, receipt_id="r1")
    log = EventLog(database)
    for one in ("ann", "phone"):
        assert LiveState(log.database).of(one, since=0, at=NOW) == ERASED
        assert Consents(database).ledger_of(one) == ()
        assert DecisionLog(database).get(one, "d1") is None
    assert items(log, "ben") == ["x"]
    assert set(Profiles(database).users()) == {"ben"}
    assert aliases.former_ids(database) == {}


def test_erasing_again_returns_the_first_receipt(database: Database) -> None:
    full(database)
    first = erase(database, "ann", at=NOW, receipt_id="r1")
    assert erase(database, "phone", at=NOW + 9, receipt_id="r2") == first
    assert receipt_of(database, "ann") == receipt_of(database, "phone") == first
    assert receipt_of(database, "ben") is None


def test_whoever_was_never_seen_can_be_erased_too(database: Database) -> None:
    assert sum(erase(database, "eve", at=NOW, receipt_id="r1").removed.values()) == 0
    assert EventLog(database).append([view("a", "eve")], now=NOW) == ["erased"]


def test_what_arrives_later_is_not_kept_and_the_rest_of_its_batch_is(database: Database) -> None:
    full(database)
    erase(database, "ann", at=NOW, receipt_id="r1")
    log, profiles = EventLog(database), Profiles(database)
    late = [view("x", "ben"), view("d"), view("e", "ben"), view("f", "phone")]
    assert log.append(late, now=NOW) == ["duplicate", "erased", "accepted", "erased"]
    profiles.put_users([("ann", {"country": "Norway"}, ""), ("ben", {"plan": "b"}, "")])
    said = [Consent(user, "profiling", "", "granted", 2) for user in ("phone", "ben")]
    assert Consents(profiles.database).record(said) == 1
    with pytest.raises(ErasedUser, match="'ann' was erased"):
        DecisionLog(database).put(decision("ann"))
    assert [rows_about(database, one) for one in ("ann", "phone", "")] == [0, 0, 1]
    assert items(log, "ben") == ["x", "e"]


def test_a_file_imported_again_brings_nothing_back_and_counts_it(database: Database) -> None:
    full(database)
    erase(database, "ann", at=NOW, receipt_id="r1")
    log = EventLog(database)
    columns = {"event_id": ["a", "b", "n"], "user_id": ["ann", "phone", "ben"], "at": [1, 1, 1]}
    assert log.append_columns({**columns, "kind": ["view"] * 3}, now=NOW) == 1
    assert rows_about(database, "ann") == 0


def test_unsubscribing_late_denies_nothing_and_breaks_nothing(database: Database) -> None:
    erase(database, "ann", at=NOW, receipt_id="r1")
    left = Event("u", "ann", "message_unsubscribed", 2, channel="email")
    assert EventLog(database).append([left], now=NOW) == ["erased"]
    assert rows_about(database, "ann") == 0


def test_nobody_becomes_who_was_erased_nor_the_other_way_round(database: Database) -> None:
    full(database)
    erase(database, "ann", at=NOW, receipt_id="r1")
    for previous, user in (("ben", "ann"), ("ann", "ben"), ("phone", "ben")):
        told = merges.merge(database, previous, user, at=NOW)
        assert told is merges.MergeOutcome.ERASED
    assert items(EventLog(database), "ben") == ["x"]


def test_what_was_erased_can_be_followed(database: Database) -> None:
    full(database)
    erase(database, "ann", at=NOW, receipt_id="r1")
    (ann, first), (phone, second) = erased_after(database, 0)
    assert (ann, phone) == ("ann", "phone")
    erase(database, "ben", at=NOW, receipt_id="r2")
    assert [user for user, _ in erased_after(database, second)] == ["ben"]
    assert first < second


def test_no_table_with_users_is_left_out() -> None:
    by_user = {table.name for table in METADATA.tables.values() if "user_id" in table.c}
    assert by_user == {*erasure.TABLES, *erasure.WITHOUT_COUNT, "aliases", "erasures"}
