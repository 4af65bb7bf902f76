"""`recsys storage …` as a person sees it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from recsys.data.times import DAY
from recsys.errors import BadQuery, StoreUnavailable
from recsys.storage.database.open import open_database
from recsys.storage.database.schema import HEAD
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from training.cli.storage import app


def run(*command: str, **environment: str) -> Result:
    return CliRunner().invoke(app, command, env=environment, catch_exceptions=False)


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    found = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("RECSYS_STORAGE__URL", found)
    return found


def filled(url: str) -> None:
    opened = open_database(url)
    events = [Event(f"e{day}", "ann", "view", day * DAY) for day in range(3)]
    EventLog(opened).append(events, now=1)
    opened.close()


def test_a_file_is_made_by_upgrading(url: str, tmp_path: Path) -> None:
    assert f"schema {HEAD}" in run("upgrade").output
    assert (tmp_path / "store.db").exists()


def test_a_server_is_made_usable_by_upgrading(postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS fresh CASCADE")
        connection.execute("CREATE SCHEMA fresh")
    fresh = f"{postgres}{'&' if '?' in postgres else '?'}options=-csearch_path%3Dfresh"
    opened = open_database(fresh)
    with pytest.raises(StoreUnavailable):
        opened.read("SELECT 1")
    told = run("upgrade", RECSYS_STORAGE__URL=fresh).output
    assert told == f"schema {HEAD} (before: no tables)\n"
    assert opened.read("SELECT count(*) FROM events") == [(0,)]
    opened.close()


def test_pruning_deletes_what_the_configuration_says(url: str, tmp_path: Path) -> None:
    filled(url)
    nothing = "[data]\nexposure_days = 0\n[data.retention_days]\n"
    (tmp_path / "recsys.toml").write_text(nothing, encoding="utf-8")
    assert "names no kind" in run("prune").output
    (tmp_path / "recsys.toml").write_text(f"{nothing}view = 30\n", encoding="utf-8")
    assert run("prune").stdout == "view: 2 deleted\n"


def test_views_and_messages_go_after_years_by_themselves_and_orders_stay(url: str) -> None:
    opened = open_database(url)
    kinds = ("purchase", "view", "message_sent", "message_sent")
    events = [Event(f"e{n}", "ann", kind, DAY) for n, kind in enumerate(kinds)]
    EventLog(opened).append([*events, Event("last", "ann", "purchase", DAY)], now=1)
    assert "view: 1 deleted" in run("prune").output
    kept = opened.read("SELECT kind FROM events ORDER BY seq")
    assert kept == [("purchase",), ("purchase",)]
    opened.close()


def test_erasing_prints_a_receipt_and_erasing_again_the_same(url: str) -> None:
    filled(url)
    told = run("erase", "ann").output
    assert "events 3, users 0, consents 0, decisions 0, lists 0, exposures 0" in told
    assert "participants 0, statements 0, aliases 0" in told
    assert "(receipt " in told
    assert run("erase", "ann").output == told
    assert "events 0" in run("erase", "nobody").output


def test_a_backup_is_restored_and_no_receipts_are_warned_of(url: str, tmp_path: Path) -> None:
    filled(url)
    assert "found the same" in run("backup", "b.db").output
    told = run("restore", "b.db")
    assert "restored from b.db; 0 erased ids stay erased" in told.output
    assert "WARNING: no receipt of any erasure was found" in told.stderr
    run("erase", "ann")
    told = run("restore", "b.db", "--receipts", "store.db.erased")
    assert "1 erased ids stay erased" in told.output
    assert "WARNING" not in told.stderr


def test_a_copy_says_how_far_it_is(url: str, tmp_path: Path) -> None:
    filled(url)
    told = run("copy", "--to", f"sqlite:///{tmp_path}/other.db").output
    assert "events: 3 rows\n" in told
    assert (tmp_path / "other.db").exists()


def test_two_ids_that_nothing_is_known_of_are_not_merged(url: str) -> None:
    run("upgrade")
    filled(url)
    with pytest.raises(BadQuery, match="previous_id is 'a'; allowed: a known id: neither it nor b"):
        run("merge", "a", "b")
    assert run("merge", "phone", "ann").output == "merged; nothing is known of phone so far\n"
    assert "one already" in run("merge", "phone", "ann").output
    assert run("merge", "ann", "bob").output == "merged; nothing is known of bob so far\n"
    run("erase", "ann")
    assert "one was erased" in run("merge", "ann", "carl").output
