"""Sign-ins and merged ids in files: kept as the API keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recsys.storage.database.sqlite import SqliteDatabase
from recsys.storage.events.log import EventLog
from recsys.storage.privacy.erasure import erase
from recsys.storage.users.aliases import everybody
from recsys.storage.users.profiles import Profiles
from tests.training.importing.files import NOW, configured, written
from training.importing.events import import_events
from training.importing.report import ImportReport

DEVICE = {"anonymousId": "dev", "event": "Product Viewed", "properties": {"product_id": "tea"}}
SIGN_IN = {"type": "identify", "anonymousId": "dev", "userId": "ann", "traits": {"country": "NO"}}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    database = SqliteDatabase(tmp_path / "store.db")
    yield EventLog(database)
    database.close()


def imported(log: EventLog, folder: Path, *rows: dict[str, Any]) -> ImportReport:
    at = {"timestamp": "2020-01-01T10:00:00Z"}
    text = "\n".join(json.dumps({**at, **row}) for row in rows)
    file = written(folder, text, "events.jsonl")
    report = import_events(file, configured(folder), log, now=NOW)
    assert report.rows == sum(
        (report.logged, report.known, report.erased, report.people, report.duplicates)
    ) + sum(report.quarantined.values())
    return report


def users(log: EventLog) -> list[str]:
    return [u for (u,) in log.database.read("SELECT user_id FROM events WHERE kind = 'view'", [])]


def test_who_signs_in_takes_the_history_of_the_device_along(log: EventLog, tmp_path: Path) -> None:
    report = imported(log, tmp_path, SIGN_IN, {**DEVICE, "messageId": "1"})
    assert (report.people, report.logged, report.quarantined) == (1, 1, {})
    assert users(log) == ["ann"]
    assert Profiles(log.database).users()["ann"][0] == {"country": "NO"}
    again = imported(log, tmp_path, SIGN_IN, {**DEVICE, "messageId": "1"})
    assert (again.people, again.known, again.quarantined) == (1, 1, {})


def test_an_alias_makes_two_ids_one(log: EventLog, tmp_path: Path) -> None:
    alias = {"type": "alias", "previousId": "dev", "userId": "ann"}
    assert imported(log, tmp_path, alias, DEVICE).people == 1
    assert everybody(log.database) == {"dev": "ann"}


def test_a_known_user_is_not_given_away(log: EventLog, tmp_path: Path) -> None:
    bought = {"userId": "ben", "event": "purchase", "properties": {"product_id": "tea"}}
    theft = {"type": "alias", "previousId": "ben", "userId": "ann"}
    report = imported(log, tmp_path, bought, theft, {"type": "alias", "userId": "ann"})
    assert report.quarantined == {"known_user": 1, "no_previous": 1}
    assert everybody(log.database) == {}
    aside = Path(report.quarantine_file).read_text()
    assert "known_user" in aside
    assert "no_previous" in aside


def test_the_second_to_sign_in_on_a_device_does_not_take_the_first_ones_history(
    log: EventLog, tmp_path: Path
) -> None:
    later = {**SIGN_IN, "userId": "ben", "timestamp": "2020-01-02T10:00:00Z"}
    report = imported(log, tmp_path, later, SIGN_IN, DEVICE)
    assert (report.people, report.quarantined) == (1, {"claimed_id": 1})
    assert users(log) == ["ann"]
    assert "ben" in Profiles(log.database).users()


def test_nothing_is_kept_of_who_was_erased(log: EventLog, tmp_path: Path) -> None:
    imported(log, tmp_path, SIGN_IN, DEVICE)
    erase(log.database, "ann", at=NOW, receipt_id="r")
    report = imported(log, tmp_path, SIGN_IN)
    assert report.quarantined == {"erased_user": 1}
    assert "ann" not in Profiles(log.database).users()
