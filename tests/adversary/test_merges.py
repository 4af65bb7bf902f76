"""Nobody takes over a known user with a key that only sends events."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recsys.errors import KnownUser
from recsys.storage.database.interface import Database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.privacy import erasure
from recsys.storage.users import aliases
from recsys.storage.users.consents import Consent, Consents
from recsys.storage.users.live_state import LiveState

NOW = 1_000


def imported(database: Database) -> None:
    rows = {"event_id": ["a"], "user_id": ["17850"], "at": [1], "kind": ["buy"]}
    EventLog(database).append_columns(rows, now=NOW)


def consented(database: Database) -> None:
    Consents(database).record([Consent("17850", "profiling", "", "denied", 1)])


def joined(database: Database) -> None:
    aliases.alias(database, "phone", "17850", at=NOW)


@pytest.mark.parametrize("became_known", [imported, consented, joined])
def test_a_known_user_is_not_given_away(
    database: Database, became_known: Callable[[Database], None]
) -> None:
    became_known(database)
    assert not aliases.alias(database, "17850", "attacker", at=NOW, unclaimed_only=True)
    with pytest.raises(KnownUser, match="'17850' is a known user"):
        aliases.alias(database, "17850", "attacker", at=NOW)
    assert "17850" not in aliases.became(database, ["17850"])


def test_who_erases_the_thief_does_not_erase_the_victim(database: Database) -> None:
    imported(database)
    aliases.alias(database, "17850", "attacker", at=NOW, unclaimed_only=True)
    erasure.erase(database, "attacker", at=NOW, receipt_id="r")
    assert len(LiveState(database).of("17850", since=0, at=NOW).live) == 1


def test_a_former_id_does_not_lead_to_its_user(database: Database) -> None:
    aliases.alias(database, "phone", "ann", at=NOW)
    with pytest.raises(KnownUser):
        aliases.alias(database, "phone", "attacker", at=NOW)
    assert aliases.became(database, ["phone"]) == {"phone": "ann"}
    assert not aliases.alias(database, "phone", "ann", at=NOW)


def test_a_strangers_history_is_the_users_as_soon_as_they_sign_in(database: Database) -> None:
    EventLog(database).append([Event("a", "anon", "view", 1, item_id="tea")], now=NOW)
    assert aliases.alias(database, "anon", "ann", at=NOW, unclaimed_only=True)
    assert len(LiveState(database).of("ann", since=0, at=NOW).live) == 1


def test_who_may_say_so_merges_known_users(database: Database) -> None:
    imported(database)
    assert aliases.merge(database, "17850", "ann", at=NOW)
    assert len(LiveState(database).of("ann", since=0, at=NOW).live) == 1
