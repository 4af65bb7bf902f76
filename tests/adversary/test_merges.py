"""Nobody takes over a user: who is known is given away by proof only, and every merge is undone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recsys.errors import ErasedUser, NotMerged
from recsys.storage.database.interface import Database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.privacy import erasure
from recsys.storage.users import aliases
from recsys.storage.users.consents import Consent, Consents
from recsys.storage.users.live_state import LiveState
from recsys.storage.users.merges import Authority, MergeOutcome, merge, nobody, unmerge
from recsys.storage.users.profiles import Profiles

NOW = 1_000


def seen(database: Database, user: str, *items: str, anonymous: bool = False) -> None:
    events = [Event(i, user, "view", 1, item_id=i, anonymous=anonymous) for i in items]
    EventLog(database).append(events, now=NOW)


def items(database: Database, user: str, *, since: int = 0) -> set[str | None]:
    return {e.item_id for e in LiveState(database).of(user, since=since, at=NOW).live}


def said(database: Database, user: str, state: str, at: int, channel: str = "email") -> None:
    Consents(database).record([Consent(user, "marketing", channel, state, at)])


def imported(database: Database) -> None:
    rows = {"event_id": ["a"], "user_id": ["17850"], "at": [1], "kind": ["buy"]}
    EventLog(database).append_columns(rows, now=NOW)


def named(database: Database) -> None:
    seen(database, "17850", "tea")


def identified(database: Database) -> None:
    Profiles(database).put_users([("17850", {}, "")])


def consented(database: Database) -> None:
    said(database, "17850", "denied", 1)


def joined(database: Database) -> None:
    merge(database, "phone", "17850", at=NOW)


def named_and_then_called_a_device(database: Database) -> None:
    named(database)
    seen(database, "17850", "pot", anonymous=True)


@pytest.mark.parametrize(
    "became_known",
    [imported, named, identified, consented, joined, named_and_then_called_a_device],
)
def test_a_known_user_is_not_given_away(
    database: Database, became_known: Callable[[Database], None]
) -> None:
    became_known(database)
    assert (
        merge(database, "17850", "attacker", at=NOW, authority=Authority(nobody))
        is MergeOutcome.KNOWN
    )
    assert aliases.became(database, ["17850"]) == {}
    assert (
        merge(database, "17850", "ann", at=NOW, authority=Authority("17850".__eq__))
        is MergeOutcome.MERGED
    )


def test_who_is_in_the_model_only_is_known_too(database: Database) -> None:
    told = merge(
        database, "17850", "attacker", at=NOW, authority=Authority(nobody, trained="17850".__eq__)
    )
    assert told is MergeOutcome.KNOWN


def test_who_erases_the_thief_does_not_erase_the_victim(database: Database) -> None:
    imported(database)
    merge(database, "17850", "attacker", at=NOW, authority=Authority(nobody))
    erasure.erase(database, "attacker", at=NOW, receipt_id="r")
    assert len(LiveState(database).of("17850", since=0, at=NOW).live) == 1


def test_a_former_id_does_not_lead_to_its_user(database: Database) -> None:
    merge(database, "phone", "ann", at=NOW)
    proof_of_the_phone_only = "phone".__eq__
    told = merge(
        database, "phone", "attacker", at=NOW, authority=Authority(proof_of_the_phone_only)
    )
    assert told is MergeOutcome.CLAIMED
    assert aliases.became(database, ["phone"]) == {"phone": "ann"}


def test_a_devices_history_and_denials_are_the_users_as_soon_as_they_sign_in(
    database: Database,
) -> None:
    seen(database, "device", "tea", anonymous=True)
    said(database, "device", "denied", 2)
    said(database, "ann", "granted", 1)
    trained = "device".__eq__
    told = merge(database, "device", "ann", at=NOW, authority=Authority(nobody, trained=trained))
    assert told is MergeOutcome.MERGED
    assert items(database, "ann") == {"tea"}
    assert Consents(database).channels_of("ann") == frozenset()


def test_an_undone_merge_leaves_both_as_they_were(database: Database) -> None:
    profiles = Profiles(database)
    profiles.put_users([("ann", {"plan": "a"}, ""), ("ben", {"country": "Peru"}, "UTC")])
    seen(database, "ann", "tea")
    seen(database, "ben", "pot", "cup")
    said(database, "ann", "granted", 1)
    said(database, "ben", "denied", 2)
    before = profiles.users(), {who: Consents(database).ledger_of(who) for who in ("ann", "ben")}
    merge(database, "ben", "ann", at=NOW)
    assert items(database, "ben") == {"tea", "pot", "cup"}
    undone = unmerge(database, "ben", at=NOW)
    assert (undone.former_owner, undone.events) == ("ann", 2)
    assert (items(database, "ann"), items(database, "ben")) == ({"tea"}, {"pot", "cup"})
    after = profiles.users(), {who: Consents(database).ledger_of(who) for who in ("ann", "ben")}
    assert after == before


def test_what_came_while_they_were_one_goes_to_the_id_it_was_sent_under(
    database: Database,
) -> None:
    merge(database, "ben", "ann", at=NOW)
    seen(database, "ann", "tea")
    seen(database, "ben", "pot")
    said(database, "ben", "granted", 1)
    said(database, "ann", "denied", 2, "sms")
    said(database, "ben", "denied", 3, "push")
    unmerge(database, "ben", at=NOW)
    assert (items(database, "ann"), items(database, "ben")) == ({"tea"}, {"pot"})
    ledgers = {
        who: {(line.channel, line.state) for line in Consents(database).ledger_of(who)}
        for who in ("ann", "ben")
    }
    denied = {("sms", "denied"), ("push", "denied")}
    assert ledgers == {"ann": denied, "ben": {("email", "granted"), *denied}}


def test_a_merge_in_the_middle_is_undone_with_all_that_came_by_it(database: Database) -> None:
    profiles = Profiles(database)
    profiles.put_users([("a", {"country": "Peru"}, ""), ("c", {"plan": "x"}, "")])
    for who in "abc":
        seen(database, who, f"of {who}")
    said(database, "a", "denied", 1)
    merge(database, "a", "b", at=NOW)
    merge(database, "b", "c", at=NOW)
    unmerge(database, "b", at=NOW)
    assert items(database, "c") == {"of c"}
    assert items(database, "a") == items(database, "b") == {"of a", "of b"}
    assert Consents(database).ledger_of("c") == ()
    unmerge(database, "a", at=NOW)
    assert [items(database, who) for who in "abc"] == [{"of a"}, {"of b"}, {"of c"}]
    assert profiles.users() == {
        "a": ({"country": "Peru"}, ""), "b": ({}, ""), "c": ({"plan": "x"}, "")
    }  # fmt: skip


def test_what_was_granted_for_a_user_who_became_another_meanwhile_goes_along(
    database: Database,
) -> None:
    merge(database, "a", "b", at=NOW)
    said(database, "a", "granted", 1)
    merge(database, "b", "c", at=NOW)
    unmerge(database, "a", at=NOW)
    unmerge(database, "b", at=NOW)
    granted = [Consents(database).channels_of(who) for who in "abc"]
    assert granted == [{"email"}, frozenset(), frozenset()]


def test_a_denial_that_held_for_both_stays_when_who_said_it_parts_again(
    database: Database,
) -> None:
    merge(database, "x", "y", at=NOW)
    said(database, "y", "denied", 2)
    unmerge(database, "x", at=NOW)
    said(database, "z", "granted", 1)
    merge(database, "x", "z", at=NOW)
    merge(database, "y", "z", at=NOW)
    unmerge(database, "y", at=NOW)
    assert Consents(database).channels_of("z") == frozenset()


def test_what_two_denied_as_one_stays_with_either_whoever_parts_first(database: Database) -> None:
    merge(database, "x", "y", at=NOW)
    said(database, "y", "denied", 2)
    unmerge(database, "x", at=NOW)
    said(database, "z", "granted", 1)
    for one in "xy":
        merge(database, one, "z", at=NOW)
    unmerge(database, "x", at=NOW)
    assert [Consents(database).channels_of(one) for one in "xyz"] == [frozenset()] * 3
    unmerge(database, "y", at=NOW)
    assert Consents(database).channels_of("z") == {"email"}


def test_a_model_of_while_they_were_one_answers_neither(database: Database) -> None:
    log = EventLog(database)
    seen(database, "ann", "tea")
    seen(database, "ben", "pot")
    before = log.last_seq()
    merge(database, "ben", "ann", at=NOW)
    meanwhile = log.last_seq()
    unmerge(database, "ben", at=NOW)
    after = log.last_seq()
    for who, own in (("ann", {"tea"}), ("ben", {"pot"})):
        states = [LiveState(database).of(who, since=w, at=NOW) for w in (before, meanwhile, after)]
        assert [state.modelled for state in states] == [True, False, True]
        assert items(database, who, since=before) == set()
        assert items(database, who, since=meanwhile) == own


def test_erasing_after_undoing_erases_one_only(database: Database) -> None:
    seen(database, "ann", "tea")
    seen(database, "ben", "pot")
    merge(database, "ben", "ann", at=NOW)
    unmerge(database, "ben", at=NOW)
    erasure.erase(database, "ann", at=NOW, receipt_id="r")
    assert items(database, "ben") == {"pot"}
    merge(database, "ben", "cat", at=NOW)
    receipt = erasure.erase(database, "ben", at=NOW, receipt_id="s")
    assert (receipt.removed["events"], receipt.removed["aliases"]) == (1, 1)
    with pytest.raises(ErasedUser):
        unmerge(database, "ben", at=NOW)


def test_only_what_was_merged_can_be_undone(database: Database) -> None:
    with pytest.raises(NotMerged, match="'ann' can be undone: it is a user of its own"):
        unmerge(database, "ann", at=NOW)
    merge(database, "ben", "ann", at=NOW)
    with pytest.raises(NotMerged):
        unmerge(database, "ann", at=NOW)
    with database.writing() as writing:
        writing.execute("UPDATE aliases SET into_id = ''")  # as an older store has it
    with pytest.raises(NotMerged, match="merged before the store kept what undoing takes"):
        unmerge(database, "ben", at=NOW)


def test_both_decisions_of_one_id_are_there_again_after_undoing(database: Database) -> None:
    with database.writing() as writing:
        for who in ("ann", "ben"):
            _decide(writing, who, "d1")
    merge(database, "ben", "ann", at=NOW)
    unmerge(database, "ben", at=NOW)
    rows = database.read("SELECT user_id, decision_id FROM decisions ORDER BY user_id")
    assert rows == [("ann", "d1"), ("ben", "d1")]


def _decide(writing: object, user: str, decision_id: str) -> None:
    texts = ("session", "surface", "experiment", "variant", "rung", "version", "model_sha256",
             "features", "action", "currency", "answer")  # fmt: skip
    numbers = ("at", "features_version", "pscore", "epsilon", "seed", "consent_seq", "cost")
    names = ("decision_id", "user_id", "sent_as", *texts, *numbers, "explored")
    values = (decision_id, user, user, *("" for _ in texts), *(0 for _ in numbers), False)
    writing.execute(  # type: ignore[attr-defined]
        f"INSERT INTO decisions ({', '.join(names)}) "  # noqa: S608 - names from the test
        f"VALUES ({', '.join('?' * len(names))})",
        values,
    )
