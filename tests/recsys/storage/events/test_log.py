"""The event log: durable, idempotent, append-only."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys.errors import StoreUnavailable
from recsys.storage.database.interface import Database
from recsys.storage.database.sqlite import SqliteDatabase
from recsys.storage.events.event import Event, Reception
from recsys.storage.events.log import EventLog

ACCEPTED, DUPLICATE = Reception.ACCEPTED, Reception.DUPLICATE
NAMES = ("event_id", "user_id", "at", "value", "source", "ingested_at")


@pytest.fixture
def log(database: Database) -> EventLog:
    return EventLog(database)


def view(event_id: str, user_id: str = "ann", at: int = 1) -> Event:
    return Event(event_id, user_id, "view", at, item_id="teapot")


def ids(log: EventLog) -> list[str]:
    batches = log.columns_in_batches(("event_id",), up_to=log.last_seq(), kinds=("view", "buy"))
    return [event_id for batch in batches for event_id in batch["event_id"]]


def test_an_empty_log_has_no_last_event(log: EventLog) -> None:
    assert log.last_seq() == 0
    assert ids(log) == []
    assert log.append([], now=1) == []


def test_every_event_gets_a_verdict_in_its_place(log: EventLog) -> None:
    assert log.append([view("a"), view("b"), view("a")], now=9) == [ACCEPTED, ACCEPTED, DUPLICATE]
    assert log.append([view("b"), view("c")], now=10) == [DUPLICATE, ACCEPTED]
    assert ids(log) == ["a", "b", "c"]


def test_later_events_have_higher_places(log: EventLog) -> None:
    places = [log.append([view(name), view("a")], now=1) and log.last_seq() for name in "abcb"]
    assert places[:3] == sorted(set(places))
    assert places[3] == places[2]


def test_the_first_of_two_events_with_one_id_of_one_sender_stays(log: EventLog) -> None:
    log.append([view("a", "ann")], now=1)
    log.append([view("a", "ann"), view("a", "ben")], now=2)
    assert _rows(log) == [("a", "ann", 1, None, "api", 1), ("a", "ben", 1, None, "api", 2)]


def _rows(log: EventLog) -> list[tuple[object, ...]]:
    batches = log.columns_in_batches(NAMES, up_to=log.last_seq(), kinds=("view",))
    return [row for batch in batches for row in zip(*batch.values(), strict=True)]


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=5), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_however_often_it_is_handed_in_an_event_is_in_the_log_once(
    log: EventLog, batches: list[list[str]]
) -> None:
    before = set(ids(log))
    for batch in batches:
        log.append([view(event_id) for event_id in batch], now=1)
    seen = {event_id for batch in batches for event_id in batch}
    assert sorted(ids(log)) == sorted(before | seen)


def test_columns_are_logged_in_bulk_and_only_once(log: EventLog) -> None:
    columns = {
        "event_id": ["a", "b", "c"],
        "user_id": ["ann", "ben", "ann"],
        "kind": ["view"] * 3,
        "at": [3, 4, 5],
        "value": [1.5, None, 2.5],
    }
    seen: list[int] = []
    assert log.append_columns(columns, now=9, source="it's.csv", progress=seen.append) == 3
    assert log.append_columns(columns, now=10) == 0
    assert seen == [3]
    assert _rows(log) == [
        ("a", "ann", 3, 1.5, "it's.csv", 9),
        ("b", "ben", 4, None, "it's.csv", 9),
        ("c", "ann", 5, 2.5, "it's.csv", 9),
    ]


def test_no_columns_log_nothing(log: EventLog) -> None:
    empty: dict[str, list[object]] = {name: [] for name in ("event_id", "user_id", "kind", "at")}
    assert log.append_columns(empty, now=1) == 0


def test_a_bulk_that_fails_leaves_nothing(log: EventLog) -> None:
    columns = {
        "event_id": ["a", "b"],
        "user_id": ["ann", None],
        "kind": ["view"] * 2,
        "at": [1, 2],
    }
    with pytest.raises(StoreUnavailable):
        log.append_columns(columns, now=1)
    assert ids(log) == []


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_batches_hold_every_event_once_in_order_of_arrival(log: EventLog, size: int) -> None:
    log.append([view(name) for name in "fedcba"], now=1)
    batches = list(log.columns_in_batches(("event_id",), up_to=5, kinds=("view",), size=size))
    assert [name for batch in batches for name in batch["event_id"]] == list("fedcb")
    assert max(len(batch["event_id"]) for batch in batches) <= size


def test_other_kinds_are_left_out_of_the_batches(log: EventLog) -> None:
    log.append([view("a"), Event("b", "ann", "buy", 1)], now=1)
    batches = list(log.columns_in_batches(("event_id",), up_to=9, kinds=("buy",)))
    assert batches == [{"event_id": ("b",)}]


def test_a_closed_store_is_unavailable(log: EventLog) -> None:
    log.database.close()
    with pytest.raises(StoreUnavailable):
        log.append([view("a")], now=1)


def test_arrays_and_series_are_columns_too(log: EventLog) -> None:
    columns = {
        "event_id": ["a", "b"],
        "user_id": pl.Series(["ann", "ben"]),
        "kind": ["view", "view"],
        "at": np.array([3, 4]),
        "value": np.array([1.5, np.nan]),
    }
    assert log.append_columns(columns, now=9) == 2
    assert [row[1:4] for row in _rows(log)] == [("ann", 3, 1.5), ("ben", 4, None)]


def test_a_store_that_cannot_be_read_is_unavailable(log: EventLog) -> None:
    log.database.close()
    with pytest.raises(StoreUnavailable):
        log.last_seq()


WRITER = """
import sys
from pathlib import Path
from recsys.storage.database.interface import Database
from recsys.storage.database.sqlite import SqliteDatabase
from recsys.storage.events.log import Event, EventLog

log = EventLog(SqliteDatabase(Path(sys.argv[1])))
for n in range(100_000):
    log.append([Event(f"event-{n}", "ann", "view", n)], now=n)
    print(n, flush=True)
"""


def test_what_was_appended_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(20)]
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout if line.endswith("\n")]
    database = SqliteDatabase(path)
    kept = ids(EventLog(database))
    database.close()
    assert kept[: len(told)] == [f"event-{n}" for n in told]


IMPORTER = """
import os, signal, sys
from pathlib import Path
from recsys.storage.events import log as event_log
from recsys.storage.database.interface import Database
from recsys.storage.database.sqlite import SqliteDatabase

event_log.BATCH = 1_000
names = [f"event-{n}" for n in range(5_000)]
columns = {"event_id": names, "user_id": names, "kind": ["view"] * 5_000, "at": range(5_000)}
log = event_log.EventLog(SqliteDatabase(Path(sys.argv[1])))
log.append_columns(columns, now=1, progress=lambda done: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_killed_import_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    killed = subprocess.run([sys.executable, "-c", IMPORTER, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    database = SqliteDatabase(path)
    log = EventLog(database)
    assert ids(log) == []
    assert log.append([view("a")], now=1) == [ACCEPTED]
    database.close()
