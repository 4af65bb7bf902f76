"""What a data protection officer asks: counted right, told in words, kept by the day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recsys.__main__ import app
from recsys.config import Config
from recsys.data.times import DAY
from recsys.storage.access import audit, keys
from recsys.storage.access.keys import Key, Right
from recsys.storage.database.interface import Database
from recsys.storage.database.open import open_database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.privacy import erasure
from recsys.storage.privacy.inventory import inventory
from recsys.storage.users import merges
from recsys.storage.users.consents import Consent, Consents

NOW = 800 * DAY


def fill(database: Database) -> None:
    views = [Event(f"e{n}", user, "view", n * DAY) for n, user in enumerate(("ann", "ben", "cat"))]
    EventLog(database).append([*views, Event("o", "ann", "purchase", 9 * DAY)], now=NOW)
    Consents(database).record(
        [
            Consent("ann", "marketing", "email", "granted", 1, basis="consent"),
            Consent("ben", "marketing", "email", "granted", 1, basis="consent"),
            Consent("ben", "marketing", "email", "denied", 2),
            Consent("dan", "profiling", "", "denied", 1),
        ],
        by="crm",
        now=NOW,
    )
    merges.merge(database, "phone", "ann", at=NOW)
    erasure.erase(database, "cat", at=NOW, receipt_id="r", by="boss")
    keys.create(database, Key("crm", frozenset({Right.READ, Right.EXPORT}), created_at=NOW))


def test_the_inventory_counts_people_consents_access_and_erasures(database: Database) -> None:
    fill(database)
    found = inventory(database, Config(), now=NOW)
    assert found["people"] == 3
    assert found["events"]["view"] == {
        "events": 2,
        "people": 2,
        "oldest": "1970-01-01T00:00:00+00:00",
        "newest": "1970-01-02T00:00:00+00:00",
        "kept_days": 730,
    }
    assert found["events"]["purchase"]["kept_days"] is None
    assert found["simulated"] == {"events": 0, "people": 0}
    email = found["consents"]["marketing"]["email"]
    assert email == {"granted": 1, "denied": 1, "silent": 1, "silence_means": "denied"}
    profiling = found["consents"]["profiling"]
    assert profiling == {"granted": 0, "denied": 1, "silent": 2, "silence_means": "granted"}
    assert found["consents"]["granted_on"] == {"consent": 1}
    assert (found["erased"]["people"], found["merged_ids"]) == (1, 1)
    assert [(one["who"], one["did"], one["times"]) for one in found["access"]] == [
        ("boss", "erased", 1),
        ("crm", "changed_consents", 3),
    ]
    assert found["keys"][0]["opens"] == ["export", "read"]
    assert inventory(database, Config(), now=NOW, since=NOW + 1)["access"] == []


def test_of_the_erased_no_name_is_left_in_the_audit_log(database: Database) -> None:
    Consents(database).record([Consent("cat", "profiling", "", "denied", 1)], by="crm", now=NOW)
    erasure.erase(database, "cat", at=NOW, receipt_id="r", by="boss")
    assert {entry.subject for entry in audit.entries(database)} == {"r"}


def test_the_command_tells_it_in_words_and_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_STORAGE__URL", f"sqlite:///{tmp_path}/store.db")
    monkeypatch.chdir(tmp_path)
    store = open_database(f"sqlite:///{tmp_path}/store.db")
    fill(store)
    store.close()
    result = CliRunner().invoke(app, ["audit", "--days", "40000"])
    assert result.exit_code == 0, result.exception
    for line in (
        "view: 2 events of 2 people, 1970-01-01T00:00:00+00:00 to 1970-01-02T00:00:00+00:00, "
        "kept 730 days",
        "consent to email: 1 granted, 1 denied, 1 said nothing, which means denied",
        "granted on consent: 1",
        "erased: 1 people, the last 1972-03-11T00:00:00+00:00",
        "key crm (export, read) holds, last used never",
    ):
        assert line in result.output
    (kept,) = (tmp_path / "reports").glob("audit-*.json")
    assert json.loads(kept.read_text())["people"] == 3


def test_who_was_made_up_is_counted_apart(database: Database) -> None:
    fill(database)
    before = inventory(database, Config(), now=NOW)
    made_up = [Event(f"s{n}", f"sim{n}", "view", n, simulated=True) for n in range(3)]
    EventLog(database).append(made_up, now=NOW)
    found = inventory(database, Config(), now=NOW)
    assert (found["people"], found["events"]) == (before["people"], before["events"])
    assert found["simulated"] == {"events": 3, "people": 3}
