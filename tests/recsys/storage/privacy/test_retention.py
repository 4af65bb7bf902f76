"""What leaves the store, and what must stay."""

from __future__ import annotations

from recsys.data.times import DAY
from recsys.storage.database.interface import Database
from recsys.storage.decisions.exposures import Exposure, ExposureLog, Seen
from recsys.storage.decisions.lists import ListLog, ShownList
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.privacy.erasure import erase
from recsys.storage.privacy.retention import prune, prune_exposures
from recsys.storage.users.live_state import LiveState

NOW = 1_000 * DAY


def event(event_id: str, kind: str, days_ago: int, user_id: str = "ann") -> Event:
    return Event(event_id, user_id, kind, NOW - days_ago * DAY, item_id=event_id)


def items(log: EventLog, user_id: str = "ann") -> list[str | None]:
    return [event.item_id for event in LiveState(log.database).of(user_id, since=0, at=NOW).live]


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
    erase(database, "ann", at=NOW, receipt_id="r")
    log.append([event("c", "view", 0, "ben")], now=NOW)
    assert log.last_seq() > last
    assert items(log, "ben") == ["c"]


def test_an_empty_log_has_nothing_to_prune(database: Database) -> None:
    assert prune(database, {"view": 1}, now=NOW) == {"view": 0}


def test_lists_and_what_was_seen_of_them_go_after_their_time(database: Database) -> None:
    lists, seen = ListLog(database), ExposureLog(database)
    for name, days_ago in (("old", 31), ("new", 29)):
        at = NOW - days_ago * DAY
        lists.put([ShownList(name, "ann", "home", 1, "v1", "hyper", at, (), {})])
        seen.append([Exposure(name, "ann", Seen.CLICK, "tea", 1, at)])
    assert prune_exposures(database, 0, now=NOW) == {}
    assert prune_exposures(database, 30, now=NOW) == {"exposures": 1, "lists": 1, "participants": 0}
    assert (lists.get("old"), lists.get("new") is not None) == (None, True)
