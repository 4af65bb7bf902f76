"""What is kept in mind of users, and when it is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.answers import memory
from api.answers.memory import ANYBODY, UserMemory
from recsys.data.person import ERASED, LiveEvent, Remembered
from recsys.data.times import DAY
from recsys.errors import StoreUnavailable
from recsys.storage.database.interface import Database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.privacy import retention
from recsys.storage.privacy.erasure import erase
from recsys.storage.users import changes, live_state
from recsys.storage.users.consents import Consent, Consents
from recsys.storage.users.live_state import LiveState
from recsys.storage.users.merges import merge, unmerge
from recsys.storage.users.profiles import Profiles

NOW = 1_000 * DAY


@dataclass
class Watched(LiveState):
    """A store that notes who was read."""

    database: Database
    asked: list[str] = field(default_factory=list)
    _live_events: int = 500
    meanwhile: Callable[[], object] = str

    def of(self, user_id: str, *, since: int, at: int) -> Remembered:
        self.asked.append(user_id)
        found = super().of(user_id, since=since, at=at)
        self.meanwhile()
        return found


@pytest.fixture
def store(database: Database) -> Watched:
    return Watched(database)


@pytest.fixture
def mind(store: Watched) -> UserMemory:
    return UserMemory(store, store.database, 1_000)


def told(mind: UserMemory, user: str, *, at: int = NOW, since: int = 0) -> Remembered:
    return mind.of(user, since=since, at=at).remembered


def happened(database: Database, user: str, name: str, **more: Any) -> None:
    event = Event(name, user, **{"kind": "view", "at": NOW, "item_id": name, **more})
    EventLog(database).append([event], now=NOW)


def test_a_user_is_read_once_while_nothing_changes(mind: UserMemory, store: Watched) -> None:
    happened(store.database, "ann", "tea")
    assert told(mind, "ann") is told(mind, "ann", at=NOW + DAY)
    assert store.asked == ["ann"]


def test_who_looks_meanwhile_and_sees_nothing_new_keeps_nobody_out_of_mind(
    mind: UserMemory, store: Watched
) -> None:
    happened(store.database, "ann", "tea")
    store.meanwhile = mind.look
    assert told(mind, "ann") is told(mind, "ann")


def test_another_model_and_an_earlier_instant_are_read_anew(
    mind: UserMemory, store: Watched
) -> None:
    for since, at in ((0, NOW), (1, NOW), (1, NOW - 1)):
        told(mind, "ann", since=since, at=at)
    assert len(store.asked) == 3


Write = Callable[[Database], object]
WRITES: dict[str, Write] = {
    "an event": lambda db: happened(db, "ann", "pot"),
    "a consent": lambda db: Consents(db).record([Consent("ann", "profiling", "", "denied", 1)]),
    "a trait": lambda db: Profiles(db).put_users([("ann", {"country": "Norway"}, "")]),
    "a merge": lambda db: merge(db, "phone", "ann", at=NOW),
    "an erasure": lambda db: erase(db, "ann", at=NOW, receipt_id="r"),
    "a merge undone": lambda db: (merge(db, "phone", "ann", at=1), unmerge(db, "phone", at=2)),
    "retention": lambda db: retention.prune(db, {"view": 1}, now=NOW + 9 * DAY),
    "an import": lambda db: EventLog(db).append_columns(
        {"event_id": ["x"], "user_id": ["ann"], "kind": ["view"], "at": [1]}, now=NOW
    ),
    "very many": lambda db: Profiles(db).put_users([(f"u{n}", {}, "") for n in range(1_001)]),
}


@pytest.mark.parametrize("written", WRITES)
def test_whatever_is_written_is_in_the_next_answer(
    mind: UserMemory, store: Watched, written: str
) -> None:
    happened(store.database, "ann", "tea")
    happened(store.database, "ben", "cup")
    told(mind, "ann")
    WRITES[written](store.database)
    assert told(mind, "ann") == LiveState(store.database).of("ann", since=0, at=NOW)
    assert store.asked == ["ann", "ann"]


def test_an_id_that_became_another_is_forgotten_with_it(mind: UserMemory, store: Watched) -> None:
    merge(store.database, "phone", "ann", at=NOW)
    told(mind, "phone")
    happened(store.database, "ann", "tea")
    assert [event.item_id for event in told(mind, "phone").live] == ["tea"]


def test_others_stay_in_mind(mind: UserMemory, store: Watched) -> None:
    for user in ("ann", "ben"):
        told(mind, user)
    happened(store.database, "ben", "tea")
    told(mind, "ann")
    assert store.asked == ["ann", "ben"]


def test_the_future_comes_and_messages_are_over_in_time(mind: UserMemory, store: Watched) -> None:
    happened(store.database, "ann", "tea", at=NOW + 3_600_000_000)
    happened(store.database, "ann", "mail", kind="message_sent", channel="email", at=NOW - DAY)
    for at in (NOW, NOW + 1, NOW + 3_600_000_000, NOW + 6 * DAY - 1, NOW + 6 * DAY, NOW + 8 * DAY):
        assert told(mind, "ann", at=at) == LiveState(store.database).of("ann", since=0, at=at)
    assert len(store.asked) == 3
    assert live_state.LATELY == 7 * DAY


def test_what_was_read_while_somebody_changed_is_not_kept(
    mind: UserMemory, store: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Watched.of

    def slowly(self: Watched, user_id: str, *, since: int, at: int) -> Remembered:
        found = read(self, user_id, since=since, at=at)
        happened(store.database, "ann", f"item {len(self.asked)}")
        mind.look()
        return found

    monkeypatch.setattr(Watched, "of", slowly)
    told(mind, "ann")
    assert len(told(mind, "ann").live) == 1


def test_without_the_store_a_user_is_as_it_was(mind: UserMemory, store: Watched) -> None:
    happened(store.database, "ann", "tea")
    before = told(mind, "ann")
    told(mind, "ben", at=NOW + 5)
    store.database.close()
    with pytest.raises(StoreUnavailable):
        mind.of("ann", since=0, at=NOW + 9)
    assert mind.recall("ann", since=0) == (before, NOW + 5)
    assert mind.recall("ann", since=7) == (Remembered(), NOW + 5)


def test_nobody_is_profiled_while_the_ledger_was_never_read(mind: UserMemory) -> None:
    assert mind.recall("ann", since=5) == (ANYBODY, None)
    assert not ANYBODY.readable
    assert not mind.is_informed


def test_what_was_said_about_profiling_holds_for_everybody(
    mind: UserMemory, store: Watched
) -> None:
    ledger = Consents(store.database)
    said = [("ann", "denied", 4), ("ben", "granted", 4), ("ann", "granted", 3)]
    for user, state, at in said:
        ledger.record([Consent(user, "profiling", "", state, at)])
    mind.catch_up(ledger)
    ledger.record([Consent("ben", "profiling", "", "denied", 8)])
    mind.catch_up(ledger)
    found = [mind.recall(user, since=5)[0].profiling for user in ("ann", "ben", "c")]
    assert found == [False, False, None]


def test_with_too_many_words_silence_means_nothing(
    mind: UserMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MOST_SAID", 1)
    mind.follow([("ann", "denied", 1, 1), ("ben", "denied", 1, 2)])
    assert mind.recall("c", since=0) == (ANYBODY, None)


def test_who_was_erased_is_forgotten_for_good(mind: UserMemory, store: Watched) -> None:
    happened(store.database, "ann", "tea")
    merge(store.database, "phone", "ann", at=NOW)
    for user in ("ann", "phone", "ben"):
        told(mind, user)
    erase(store.database, "ann", at=NOW, receipt_id="r")
    mind.catch_up(Consents(store.database))
    assert len(mind) == 0
    store.database.close()
    assert [mind.recall(user, since=0)[0] for user in ("ann", "phone")] == [ERASED, ERASED]


class Talkative:
    """A store that tells as many events of a user as its name says."""

    def of(self, user_id: str, *, since: int, at: int) -> Remembered:
        return Remembered(live=(LiveEvent("tea", "view", 1, 1.0, 0.0),) * int(user_id))


@given(st.lists(st.integers(0, 14), max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_memory_is_bounded_and_the_latest_stay(database: Database, users: list[int]) -> None:
    bounded = UserMemory(Talkative(), database, 12)  # type: ignore[arg-type]
    for user in users:
        bounded.of(str(user), since=0, at=NOW)
        assert len(bounded) <= 12
        assert (bounded.recall(str(user), since=0)[1] is None) == (user > 11)


def test_answers_of_another_model_are_let_go_and_the_user_stays(mind: UserMemory) -> None:
    known = mind.of("ann", since=0, at=NOW)
    mind.put("ann", known, "asked", (b"an answer",))  # type: ignore[arg-type]
    assert mind.of("ann", since=0, at=NOW).ready
    mind.forget_answers()
    assert not mind.of("ann", since=0, at=NOW).ready
    assert mind.recall("ann", since=0) == (Remembered(), NOW)


def test_the_first_look_is_a_beginning_and_a_quiet_one_tells_nothing(database: Database) -> None:
    first, everybody = changes.after(database, None)
    assert everybody == {changes.EVERYBODY}
    again, nobody = changes.after(database, first)
    assert not nobody
    happened(database, "ann", "tea")
    later, changed = changes.after(database, again)
    assert changed == {"ann"}
    assert changes.after(database, later)[1] == frozenset()


def test_a_denial_is_known_of_whom_its_speaker_became(mind: UserMemory, store: Watched) -> None:
    ledger = Consents(store.database)
    ledger.record([Consent("phone", "profiling", "", "denied", 4)])
    ledger.record([Consent("tablet", "profiling", "", "granted", 4)])
    mind.catch_up(ledger)
    assert mind.recall("ann", since=5)[0].profiling is None
    merge(store.database, "phone", "ann", at=NOW)
    merge(store.database, "tablet", "ben", at=NOW)
    mind.catch_up(ledger)
    asked = ("phone", "ann", "ben")
    assert [mind.recall(one, since=5)[0].profiling for one in asked] == [False, False, None]
