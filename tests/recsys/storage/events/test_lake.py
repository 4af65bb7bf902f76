"""Interactions in Parquet files are read as those of the log are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import obstore
import polars as pl
import pytest

from recsys.config import Config, parse
from recsys.data.times import DAY, moment
from recsys.errors import BadValue, DataError, StoreUnavailable, UnreadableFile
from recsys.storage import objects
from recsys.storage.database.sqlite import SqliteDatabase
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.privacy.erasure import erase
from recsys.storage.users import aliases
from tests.bench.servers import free_port
from training.load import load

EVENTS = [
    Event("e1", "ben", "purchase", 5 * DAY, item_id="tea", quantity=2, value=4.0, order_id="o1"),
    Event("e2", "ann", "view", 3 * DAY, item_id="pot"),
    Event("e3", "ann", "purchase", 4 * DAY, value=7.0),
    Event("e4", "cid", "cart", 6 * DAY, item_id="tea"),
]
NAMES = ("user_id", "item_id", "kind", "at", "quantity", "value", "order_id")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    database = SqliteDatabase(tmp_path / "store.db")
    yield EventLog(database)
    database.close()


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    (tmp_path / "lake" / "day=1").mkdir(parents=True)
    return tmp_path / "lake"


def rows(events: list[Event]) -> pl.DataFrame:
    found = {name: [getattr(event, name) for event in events] for name in NAMES}
    return pl.DataFrame(found, schema_overrides={"quantity": pl.Float64}, strict=False)


def of(address: object) -> Config:
    return parse({"data": {"lake": str(address)}}, {})


def test_events_in_files_are_as_good_as_logged_ones(
    log: EventLog, lake: Path, tmp_path: Path
) -> None:
    everything = SqliteDatabase(tmp_path / "other.db")
    other = EventLog(everything)
    # What comes in files is history, known at its time.
    imported = [replace(event, source="file") for event in EVENTS]
    other.append(imported, now=7 * DAY)
    log.append(imported[:1], now=7 * DAY)
    rows(EVENTS[1:2]).write_parquet(lake / "b.parquet")
    timed = rows(EVENTS[2:]).with_columns(at=pl.from_epoch("at", "us").dt.replace_time_zone("UTC"))
    timed.write_parquet(lake / "day=1" / "a.parquet")
    half, whole = load(log, of(lake)), load(other, Config())
    assert half.fingerprint == whole.fingerprint
    assert half.watermark == log.last_seq()
    everything.close()


def test_what_may_be_missing_has_its_usual_value(log: EventLog, lake: Path) -> None:
    at = [datetime(2026, 1, n, tzinfo=UTC) for n in (1, 2)]
    table = pl.DataFrame({"user_id": [1, 2], "kind": ["view", "view"], "at": at})
    table.write_parquet(lake / "few.parquet")
    found = load(log, of(lake)).interactions
    assert list(found.users) == ["1", "2"]
    assert found.quantity.tolist() == [1.0, 1.0]
    assert [moment(each) for each in found.at.tolist()] == at


def test_who_was_erased_is_read_from_no_file_and_who_became_another_as_that_one(
    log: EventLog, lake: Path
) -> None:
    rows(EVENTS).write_parquet(lake / "all.parquet")
    erase(log.database, "ben", at=8 * DAY, receipt_id="r1")
    with log.database.writing() as writing:
        writing.execute(
            "INSERT INTO aliases (previous_id, user_id, at) VALUES ('cid', 'ann', 1)", ()
        )
    assert aliases.everybody(log.database) == {"ben": aliases.NOBODY, "cid": "ann"}
    found = load(log, of(lake)).interactions
    assert list(found.users) == ["ann"]
    assert len(found) == 3


def test_other_kinds_are_left_out(log: EventLog, lake: Path) -> None:
    rows([*EVENTS, Event("e5", "dee", "sneeze", DAY)]).write_parquet(lake / "all.parquet")
    assert list(load(log, of(lake)).interactions.users) == ["ann", "ben", "cid"]


def test_files_of_object_storage_are_read(log: EventLog, lake: Path, bucket: str) -> None:
    rows(EVENTS).write_parquet(lake / "all.parquet")
    store = objects.opened("a test", bucket)
    obstore.put(store, "day=1/all.parquet", lake / "all.parquet")
    obstore.put(store, "_SUCCESS", b"")
    assert load(log, of(bucket)).fingerprint == load(log, of(lake)).fingerprint


def test_object_storage_that_cannot_be_reached_is_said_to_be(
    log: EventLog, s3: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "RETRIES", 0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StoreUnavailable, match="s3://models"):
        load(log, of("s3://models/lake"))


def column(name: str, value: Any) -> pl.DataFrame:
    return rows(EVENTS[:1]).with_columns(pl.lit(value).alias(name))


@pytest.mark.parametrize(
    ("table", "error", "words"),
    [
        (rows(EVENTS).drop("at"), UnreadableFile, "no column at: it has "),
        (column("user_id", None), UnreadableFile, "1 rows have no user_id, kind or at"),
        (column("kind", None), UnreadableFile, "1 rows have no"),
        (column("quantity", -2.0), UnreadableFile, "a quantity is -2.0"),
        (column("at", "yesterday"), UnreadableFile, "yesterday"),
    ],
)
def test_what_cannot_be_an_event_is_refused(
    log: EventLog, lake: Path, table: pl.DataFrame, error: type[DataError], words: str
) -> None:
    table.write_parquet(lake / "bad.parquet")
    with pytest.raises(error, match=words):
        load(log, of(lake))


def test_what_is_no_parquet_is_named(log: EventLog, lake: Path) -> None:
    (lake / "bad.parquet").write_bytes(b"not a table")
    with pytest.raises(UnreadableFile, match=r"bad\.parquet"):
        load(log, of(lake))


def test_a_lake_without_files_is_a_mistake(log: EventLog, lake: Path) -> None:
    for address in (lake, lake / "nowhere"):
        with pytest.raises(BadValue, match=r"data\.lake"):
            load(log, of(address))
