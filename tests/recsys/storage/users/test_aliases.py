"""An anonymous history becomes the user's."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys.storage.database.interface import Database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.users import aliases
from recsys.storage.users.consents import Consent, Consents, holding
from recsys.storage.users.live_state import LiveState
from recsys.storage.users.merges import Authority, MergeOutcome, merge, nobody
from recsys.storage.users.profiles import Profiles

NOW = 1_000


def view(event_id: str, user_id: str, at: int = 1) -> Event:
    return Event(event_id, user_id, "view", at, item_id=event_id, anonymous=user_id == "anon")


def items(log: EventLog, user_id: str, *, since: int = 0) -> list[str | None]:
    return [
        event.item_id for event in LiveState(log.database).of(user_id, since=since, at=NOW).live
    ]


def test_the_user_has_the_history_at_its_place_in_the_log(database: Database) -> None:
    log = EventLog(database)
    log.append([view("a", "anon"), view("b", "ann"), view("c", "anon")], now=NOW)
    watermark = log.last_seq()
    assert merge(database, "anon", "ann", at=NOW) is MergeOutcome.MERGED
    assert items(log, "ann") == ["a", "b", "c"]
    assert items(log, "ann", since=watermark) == []
    assert LiveState(database).of("ann", since=watermark, at=NOW).former_ids == ("anon",)


def test_whoever_asks_for_the_former_id_means_the_user(database: Database) -> None:
    log = EventLog(database)
    log.append([view("a", "anon"), view("b", "ann")], now=NOW)
    merge(database, "anon", "ann", at=NOW)
    assert items(log, "anon") == items(log, "ann")
    assert LiveState(log.database).of("anon", since=0, at=NOW).known_as == "ann"
    assert LiveState(log.database).of("ann", since=0, at=NOW).known_as == ""


def test_later_events_of_the_former_id_are_the_users(database: Database) -> None:
    log = EventLog(database)
    merge(database, "anon", "ann", at=NOW)
    log.append([view("a", "anon"), view("b", "ben")], now=NOW)
    columns = {"event_id": ["c", "d"], "user_id": ["anon", "ben"], "kind": ["view"] * 2}
    log.append_columns({**columns, "at": [1, 1], "item_id": ["c", "d"]}, now=NOW)
    assert items(log, "ann") == ["a", "c"]
    assert items(log, "ben") == ["b", "d"]


def test_saying_it_twice_or_backwards_changes_nothing(database: Database) -> None:
    log = EventLog(database)
    log.append([view("a", "anon")], now=NOW)
    assert merge(database, "anon", "ann", at=NOW) is MergeOutcome.MERGED
    last = log.last_seq()
    assert merge(database, "anon", "ann", at=NOW) is MergeOutcome.ONE_ALREADY
    assert merge(database, "ann", "anon", at=NOW) is MergeOutcome.ONE_ALREADY
    assert merge(database, "ann", "ann", at=NOW) is MergeOutcome.ONE_ALREADY
    assert log.last_seq() == last


def test_a_denial_of_the_former_id_holds_for_the_user(database: Database) -> None:
    ledger = Consents(database)
    ledger.record(
        [
            Consent("ann", "profiling", "", "granted", 1),
            Consent("anon", "profiling", "", "denied", 2),
            Consent("anon", "marketing", "sms", "denied", 3),
        ]
    )
    merge(database, "anon", "ann", at=NOW)
    assert holding(ledger.ledger_of("ann")) == {
        ("profiling", ""): False,
        ("marketing", "sms"): False,
    }
    assert holding(ledger.ledger_of("anon")) == holding(ledger.ledger_of("ann"))


def test_a_denial_said_of_the_former_id_later_is_the_users_too(database: Database) -> None:
    profiles, ledger = Profiles(database), Consents(database)
    merge(database, "anon", "ann", at=NOW)
    ledger.record([Consent("anon", "profiling", "", "denied", 2)])
    profiles.put_users([("anon", {"country": "Norway"}, "")])
    assert LiveState(database).of("ann", since=0, at=NOW).profiling is False
    assert ledger.ledger_of("anon") == ledger.ledger_of("ann")
    assert profiles.users() == {"ann": ({"country": "Norway"}, "")}


def test_traits_are_merged_and_the_users_own_stay(database: Database) -> None:
    profiles = Profiles(database)
    profiles.put_users(
        [("ann", {"country": "Norway"}, ""), ("anon", {"country": "France", "plan": "b"}, "UTC")]
    )
    merge(database, "anon", "ann", at=NOW)
    assert profiles.users() == {"ann": ({"country": "Norway", "plan": "b"}, "UTC")}


NAMES = st.sampled_from("abcde")
ACTS = st.lists(st.one_of(st.tuples(st.just("view"), NAMES), st.tuples(NAMES, NAMES)), max_size=14)


@given(ACTS)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
def test_however_ids_are_joined_everybody_has_the_events_of_all_their_ids(
    database: Database, acts: list[tuple[str, str]]
) -> None:
    with database.writing() as writing:
        writing.execute("DELETE FROM events")
        writing.execute("DELETE FROM aliases")
    log, owner, events = EventLog(database), {name: {name} for name in "abcde"}, {}
    for number, (first, second) in enumerate(acts):
        if first == "view":
            log.append([view(str(number), second)], now=NOW)
            events[str(number)] = second
        else:
            merge(database, first, second, at=NOW)
            joined = owner[first] | owner[second]
            owner.update(dict.fromkeys(joined, joined))
    for name in "abcde":
        theirs = sorted(event for event, by in events.items() if by in owner[name])
        assert sorted(filter(None, items(log, name))) == theirs


def test_an_id_that_became_somebody_stays_theirs(database: Database) -> None:
    log = EventLog(database)
    log.append([view("a", "anon"), view("b", "ann"), view("c", "ben")], now=NOW)
    told = [
        merge(database, "anon", who, at=NOW, authority=Authority(nobody))
        for who in ("ann", "ann", "ben")
    ]
    assert told == [MergeOutcome.MERGED, MergeOutcome.ONE_ALREADY, MergeOutcome.CLAIMED]
    assert aliases.became(database, ["anon", "ann", "ben"]) == {"anon": "ann"}
    assert items(log, "ann") == ["a", "b"]
    assert items(log, "ben") == ["c"]
