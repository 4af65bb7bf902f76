"""What leaves the store, and what must stay."""

from __future__ import annotations

from recsys.events import DAY
from recsys.people import NOTHING_REMEMBERED
from recsys.storage import aliases
from recsys.storage.database import Database
from recsys.storage.event_log import Event, EventLog
from recsys.storage.profiles import Consent, Profiles
from recsys.storage.retention import erase, prune

NOW = 1_000 * DAY


def event(event_id: str, kind: str, days_ago: int, user_id: str = "ann") -> Event:
    return Event(event_id, user_id, kind, NOW - days_ago * DAY, item_id=event_id)


def items(log: EventLog, user_id: str = "ann") -> list[str | None]:
    return [event.item_id for event in log.remembered(user_id, since=0, at=NOW).live]


def test_events_past_their_time_go_and_the_others_stay(database: Database) -> None:
    log = EventLog(database)
    old = [event("a", "view", 31), event("b", "purchase", 400), event("c", "cart", 31)]
    log.append([*old, event("d", "view", 29), event("e", "view", 1)], now=NOW)
    assert prune(database, {"view": 30, "purchase": 500}, now=NOW) == {"view": 1, "purchase": 0}
    assert items(log) == ["b", "c", "d", "e"]
    assert prune(database, {"view": 30}, now=NOW) == {"view": 0}


def test_a_place_in_the_log_is_never_given_twice(database: Database) -> None:
    log = EventLog(database)
    log.append([event("a", "view", 31), event("b", "view", 31)], now=NOW)
    last = log.last_seq()
    prune(database, {"view": 30}, now=NOW)
    erase(database, "ann")
    log.append([event("c", "view", 0, "ben")], now=NOW)
    assert log.last_seq() > last
    assert items(log, "ben") == ["c"]


def test_an_empty_log_has_nothing_to_prune(database: Database) -> None:
    assert prune(database, {"view": 1}, now=NOW) == {"view": 0}


def test_an_erased_user_is_a_stranger_and_others_are_not_touched(database: Database) -> None:
    log, profiles = EventLog(database), Profiles(database)
    log.append([event("a", "view", 1), event("x", "view", 1, "ben")], now=NOW)
    log.append([event("b", "view", 1, "phone"), event("c", "view", 1)], now=NOW)
    profiles.put_users([("ann", {"country": "Norway"}, ""), ("ben", {"country": "France"}, "")])
    profiles.record_consents([Consent("ann", "marketing", "sms", "granted", 1)])
    aliases.alias(database, "phone", "ann", at=NOW)
    assert erase(database, "phone") > 0
    for one in ("ann", "phone"):
        assert log.remembered(one, since=0, at=NOW) == NOTHING_REMEMBERED
    assert items(log, "ben") == ["x"]
    assert set(profiles.users()) == {"ben"}
    assert profiles.consents_of("ann") == {}
    rows = database.read("SELECT count(*) FROM events WHERE user_id <> 'ben' AND user_id <> ''")
    assert rows == [(0,)]
    assert erase(database, "ann") == 0
