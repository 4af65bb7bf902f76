"""Backups: made, damaged, restored, moved; and who was erased stays erased."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from recsys.errors import BadBackup, StoreUnavailable
from recsys.storage.backup import backup, contents
from recsys.storage.database.interface import Database
from recsys.storage.database.open import open_database
from recsys.storage.database.sqlite import receipts_beside
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.privacy import erasure, receipts
from recsys.storage.users import merges
from recsys.storage.users.consents import Consent, Consents
from recsys.storage.users.live_state import LiveState
from recsys.storage.users.profiles import ItemFacts, Profiles
from tests import stores

NOW = 1_000


def fill(database: Database, *, users: int = 3) -> None:
    view = [Event(f"e{n}", f"u{n}", "view", n, item_id="tea", value=0.5) for n in range(users)]
    EventLog(database).append(view, now=NOW)
    Profiles(database).put_users([("u1", {"country": "Norway"}, "Europe/Oslo")])
    Profiles(database).put_items([ItemFacts("tea", "Grüner Tee ☕", price=3.0, price_at=1)])
    Consents(database).record([Consent("u1", "profiling", "", "granted", 1)])
    merges.merge(database, "u2", "u1", at=NOW)


def all_of(database: Database) -> dict[str, contents.Contents]:
    with database.snapshot() as read:
        return {table: contents.of(read, table) for table in contents.tables()}


def items(database: Database, user_id: str) -> list[str | None]:
    return [event.item_id for event in LiveState(database).of(user_id, since=0, at=NOW).live]


def test_a_backup_brings_back_every_row(database: Database, store_url: str, tmp_path: Path) -> None:
    fill(database)
    before = all_of(database)
    backup.back_up(database, tmp_path / "b.db")
    EventLog(database).append([Event("later", "u1", "view", 9)], now=NOW)
    database.close()
    backup.restore(store_url, tmp_path / "b.db")
    with closing(open_database(store_url)) as opened:
        assert all_of(opened) == before
        assert items(opened, "u2") == ["tea", "tea"]


def test_events_after_a_restore_get_places_after_those_before(
    database: Database, store_url: str, tmp_path: Path
) -> None:
    fill(database)
    last = EventLog(database).last_seq()
    backup.back_up(database, tmp_path / "b.db")
    database.close()
    backup.restore(store_url, tmp_path / "b.db")
    with closing(open_database(store_url)) as opened:
        EventLog(opened).append([Event("later", "u1", "view", 9)], now=NOW)
        assert EventLog(opened).last_seq() == last + 1


def test_who_was_erased_after_the_backup_stays_erased(
    database: Database, store_url: str, tmp_path: Path
) -> None:
    fill(database)
    backup.back_up(database, tmp_path / "b.db")
    erasure.erase(database, "u1", at=NOW, receipt_id="r1")
    database.close()
    assert backup.restore(store_url, tmp_path / "b.db") == 2
    with closing(open_database(store_url)) as opened:
        assert items(opened, "u1") == items(opened, "u2") == []
        assert erasure.receipt_of(opened, "u2") is not None
        assert EventLog(opened).append([Event("x", "u1", "view", 9)], now=NOW) == ["erased"]
        assert items(opened, "u0") == ["tea"]


def test_a_lost_file_is_restored_with_the_receipts_beside_it(tmp_path: Path) -> None:
    url, path = f"sqlite:///{tmp_path}/s.db", tmp_path / "s.db"
    with closing(open_database(url)) as database:
        fill(database)
        backup.back_up(database, tmp_path / "b.db")
        erasure.erase(database, "u1", at=NOW, receipt_id="r1")
    path.write_bytes(b"a disk that failed" * 100)
    assert backup.restore(url, tmp_path / "b.db") == 2
    with closing(open_database(url)) as opened:
        assert items(opened, "u1") == []
        assert items(opened, "u0") == ["tea"]


def test_receipts_may_be_handed_over_and_none_at_all_are_counted(tmp_path: Path) -> None:
    with closing(open_database(f"sqlite:///{tmp_path}/s.db")) as database:
        fill(database)
        backup.back_up(database, tmp_path / "b.db")
        erasure.erase(database, "u0", at=NOW, receipt_id="r1")
    known = receipts.read(receipts_beside(tmp_path / "s.db"))
    assert backup.restore(f"sqlite:///{tmp_path}/one.db", tmp_path / "b.db") == 0
    other = f"sqlite:///{tmp_path}/two.db"
    assert backup.restore(other, tmp_path / "b.db", erased=known) == 1
    with closing(open_database(other)) as opened:
        assert items(opened, "u0") == []


def test_a_damaged_backup_is_refused_and_the_store_stays(
    database: Database, store_url: str, tmp_path: Path
) -> None:
    fill(database)
    before = all_of(database)
    backup.back_up(database, tmp_path / "b.db")
    with closing(sqlite3.connect(tmp_path / "b.db", isolation_level=None)) as file:
        file.execute("UPDATE events SET item_id = 'pot' WHERE event_id = 'e0'")
    with pytest.raises(BadBackup, match="is damaged: events has 4 rows of hash"):
        backup.restore(store_url, tmp_path / "b.db")
    assert all_of(database) == before


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.db").write_text("no database at all, but long enough to look at")
    with pytest.raises(BadBackup, match="is no backup"):
        backup.check(tmp_path / "b.db")
    with pytest.raises(BadBackup, match="no such file"):
        backup.check(tmp_path / "none.db")


def test_a_backup_is_never_written_over_another(database: Database, tmp_path: Path) -> None:
    backup.back_up(database, tmp_path / "b.db")
    with pytest.raises(BadBackup, match="exists already"):
        backup.back_up(database, tmp_path / "b.db")


def test_a_backup_is_of_one_instant_whoever_writes_meanwhile(
    database: Database, tmp_path: Path
) -> None:
    fill(database)
    before, log = all_of(database), EventLog(database)

    def write(_: str) -> None:
        log.append([Event(f"w{log.last_seq()}", "u0", "view", 9)], now=NOW)

    poured = backup.back_up(database, tmp_path / "b.db", progress=write)
    assert poured == before
    assert log.last_seq() > before["events"].rows


def test_a_file_that_is_in_use_is_not_replaced(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with closing(open_database(url)) as database:
        fill(database)
        backup.back_up(database, tmp_path / "b.db")
        with pytest.raises(StoreUnavailable, match="in use"):
            backup.restore(url, tmp_path / "b.db")
        assert items(database, "u0") == ["tea"]


def test_a_store_moves_to_a_server_and_back(postgres: str, tmp_path: Path) -> None:
    stores.empty(postgres)
    with closing(open_database(f"sqlite:///{tmp_path}/s.db")) as file:
        fill(file)
        before = all_of(file)
        backup.copy(file, postgres)
    with closing(open_database(postgres)) as server:
        assert all_of(server) == before
        backup.copy(server, f"sqlite:///{tmp_path}/back.db")
        with pytest.raises(BadBackup, match="is not empty"):
            backup.copy(server, postgres)
    with closing(open_database(f"sqlite:///{tmp_path}/back.db")) as back:
        assert all_of(back) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from recsys.storage.backup import backup
from recsys.storage.privacy import erasure
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
erasure.replay = die
backup.restore(sys.argv[1], Path(sys.argv[2]))
"""


def test_a_restore_killed_in_the_middle_leaves_the_old_store(
    database: Database, store_url: str, tmp_path: Path
) -> None:
    backup.back_up(database, tmp_path / "b.db")
    fill(database)
    before = all_of(database)
    database.close()
    run = subprocess.run(
        [sys.executable, "-c", KILLED, store_url, str(tmp_path / "b.db")],
        cwd=Path(__file__).parents[4],
        check=False,
    )
    assert run.returncode == -9
    with closing(open_database(store_url)) as opened:
        assert all_of(opened) == before


def test_more_rows_than_a_batch_are_all_there(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "BATCH", 7)
    fill(database, users=30)
    poured = backup.back_up(database, tmp_path / "b.db")
    assert poured["events"].rows == 31
    assert backup.check(tmp_path / "b.db") == poured
