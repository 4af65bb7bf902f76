"""No merge and no clock turns a denial into a grant, or gives consent to who was never asked."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys.storage.database.interface import Database
from recsys.storage.events.log import EventLog
from recsys.storage.privacy.personal_data import personal_data
from recsys.storage.users import merges
from recsys.storage.users.consents import Consent, Consents
from recsys.storage.users.live_state import LiveState

NOW, TEN_MINUTES = 10_000_000_000, 600_000_000


def said(user: str, state: str, at: int, channel: str = "email") -> Consent:
    return Consent(user, "marketing", channel, state, at)


def channels(database: Database, user: str) -> frozenset[str]:
    state = LiveState(database).of(user, since=0, at=NOW).channels
    assert state == Consents(database).channels_of(user)
    return state


def test_a_denial_holds_after_a_grant_by_a_clock_that_is_ahead(database: Database) -> None:
    ledger = Consents(database)
    ledger.record([said("ann", "granted", NOW + TEN_MINUTES)])
    ledger.record([said("ann", "denied", NOW)])
    assert channels(database, "ann") == frozenset()


def test_a_grant_from_before_a_denial_that_comes_late_grants_nothing(database: Database) -> None:
    ledger = Consents(database)
    ledger.record([said("ann", "denied", NOW)])
    ledger.record([said("ann", "granted", NOW - 1)])
    assert channels(database, "ann") == frozenset()
    ledger.record([said("ann", "granted", NOW + 1)])
    assert channels(database, "ann") == {"email"}


def test_an_old_grant_that_comes_late_does_not_take_a_newer_one_back(database: Database) -> None:
    ledger = Consents(database)
    ledger.record([said("ann", "denied", 5), said("ann", "granted", 6), said("ann", "granted", 4)])
    assert channels(database, "ann") == {"email"}


def test_a_denial_that_another_id_said_before_holds_when_it_is_said_again(
    database: Database,
) -> None:
    """The ledger tells the same denial once, and not as early as it was said of another id."""
    ledger = Consents(database)
    ledger.record([said("anon", "denied", 1)])
    ledger.record([said("ann", "granted", 1)])
    merges.merge(database, "anon", "ann", at=NOW)
    ledger.record([said("ann", "denied", 1)])
    assert channels(database, "ann") == frozenset()


def test_who_was_never_asked_is_not_asked_by_a_merge(database: Database) -> None:
    Consents(database).record([said("anon", "granted", 1)])
    merges.merge(database, "anon", "ann", at=NOW)
    assert channels(database, "ann") == channels(database, "anon") == frozenset()


def test_a_merge_does_not_turn_a_denial_into_a_grant(database: Database) -> None:
    Consents(database).record([said("ann", "denied", 1), said("anon", "granted", NOW)])
    merges.merge(database, "anon", "ann", at=NOW)
    assert channels(database, "ann") == frozenset()


def test_what_a_former_id_granted_is_still_handed_over_to_the_person(database: Database) -> None:
    lines = [said("anon", "granted", 1), said("anon", "denied", 2, "sms")]
    Consents(database).record(lines)
    merges.merge(database, "anon", "ann", at=NOW)
    ledger = personal_data(database, "ann").consents
    assert sorted((line.channel, line.state) for line in ledger) == [
        ("email", "granted"),
        ("sms", "denied"),
    ]


@pytest.mark.parametrize("kind", ["message_opened", "message_responded", "message_sent"])
def test_a_file_of_events_grants_nothing(database: Database, kind: str) -> None:
    rows = {"event_id": ["a"], "user_id": ["ann"], "at": [20], "kind": [kind], "channel": ["email"]}
    EventLog(database).append_columns(rows, now=NOW)
    assert channels(database, "ann") == frozenset()


IDS = st.sampled_from("abc")
WORDS = st.tuples(IDS, st.sampled_from(["granted", "denied"]), st.integers(0, 5))
STEPS = st.lists(WORDS | st.tuples(IDS, IDS), max_size=12)


@given(STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_whoever_is_granted_granted_it_last_under_an_id_of_their_own(
    database: Database, steps: list[tuple[str, str] | tuple[str, str, int]]
) -> None:
    with database.writing() as writing:
        writing.execute("DELETE FROM consents")
        writing.execute("DELETE FROM aliases")
    last: dict[str, str] = {}
    owner = {one: one for one in "abc"}
    for step in steps:
        if len(step) == 3:
            user, state, at = step
            Consents(database).record([said(user, state, at)])
            last[owner[user]] = state if state == "denied" else last.get(owner[user], state)
        else:
            previous, user = (owner[one] for one in step)
            if merges.merge(database, *step, at=NOW) is merges.MergeOutcome.MERGED:
                owner = {one: user if who == previous else who for one, who in owner.items()}
                if last.get(previous) == "denied":
                    last[user] = "denied"
    for one in "abc":
        if channels(database, one):
            ledger = Consents(database).ledger_of(one)
            grants = [line.at for line in ledger if line.state == "granted"]
            assert grants
            assert all(max(grants) >= line.at for line in ledger if line.state == "denied")
        if last.get(owner[one]) is None:
            assert not channels(database, one)
