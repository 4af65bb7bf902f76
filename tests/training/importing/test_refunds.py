"""Refunds in a later export of orders that are in the log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys.storage.database.sqlite import SqliteDatabase
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from tests.training.importing.files import NOW, configured, written
from training.importing.events import import_events
from training.importing.report import ImportReport

HEADER = "order_id,customer_id,sku,created_at,quantity,price,refunded_amount\n"
PAID = "1,ann,tea,2020-01-01,1,10,0\n1,ann,pot,2020-01-01,1,30,0\n2,ben,tea,2020-01-02,1,10,0\n"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    database = SqliteDatabase(tmp_path / "store.db")
    yield EventLog(database)
    database.close()


def imported(log: EventLog, folder: Path, rows: str) -> ImportReport:
    file = written(folder, HEADER + rows, "orders.csv")
    return import_events(file, configured(folder), log, now=NOW)


def returns(log: EventLog) -> list[tuple[object, ...]]:
    statement = "SELECT user_id, order_id, value FROM events WHERE kind = 'return' ORDER BY seq"
    return [tuple(row) for row in log.database.read(statement)]


def test_a_refund_in_a_later_export_is_a_return_of_that_money(
    log: EventLog, tmp_path: Path
) -> None:
    assert imported(log, tmp_path, PAID).refunded == 0
    later = PAID.replace("30,0", "30,8")
    report = imported(log, tmp_path, later)
    assert (report.logged, report.known, report.refunded) == (0, 3, 1)
    assert returns(log) == [("ann", "1", 8.0)]
    assert imported(log, tmp_path, later).refunded == 0
    assert imported(log, tmp_path, PAID.replace("30,0", "30,20")).refunded == 1
    assert returns(log) == [("ann", "1", 8.0), ("ann", "1", 12.0)]


def test_what_a_return_took_back_already_is_not_taken_twice(log: EventLog, tmp_path: Path) -> None:
    imported(log, tmp_path, PAID)
    log.append([Event("r1", "ann", "return", NOW - 1, order_id="1", value=8.0)], now=NOW)
    assert imported(log, tmp_path, PAID.replace("30,0", "30,8")).refunded == 0


def test_orders_that_are_new_are_logged_for_what_is_left(log: EventLog, tmp_path: Path) -> None:
    report = imported(log, tmp_path, PAID.replace("30,0", "30,8"))
    assert (report.logged, report.refunded) == (3, 0)
    statement = "SELECT sum(value) FROM events WHERE user_id = 'ann'"
    assert log.database.read(statement)[0][0] == pytest.approx(32)
    assert returns(log) == []
