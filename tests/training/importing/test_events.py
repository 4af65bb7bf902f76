"""A file of events into the log, and what is told about it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from recsys.config import Config
from recsys.errors import StoreUnavailable
from recsys.storage.database.sqlite import SqliteDatabase
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.privacy.erasure import erase
from recsys.storage.users.profiles import ItemFacts, Profiles
from tests.training.importing.files import HEADER, NOW, configured, written
from training.errors import MissingColumn
from training.importing.events import import_events
from training.importing.report import ImportReport, rendered

ROWS = "ann,tea,2020-01-01,1,2\nann,pot,2020-01-02,1,9\nben,tea,2020-01-03,-1,3\n"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    database = SqliteDatabase(tmp_path / "store.db")
    yield EventLog(database)
    database.close()


def imported(
    log: EventLog, folder: Path, text: str, name: str = "events.csv", **data: Any
) -> ImportReport:
    return import_events(written(folder, text, name), configured(folder, **data), log, now=NOW)


def selected(log: EventLog, statement: str) -> list[tuple[Any, ...]]:
    return list(log.database.read(statement))


def rows(log: EventLog) -> list[tuple[Any, ...]]:
    statement = (
        "SELECT user_id, item_id, kind, at, quantity, value, source, ingested_at, simulated "
        "FROM events ORDER BY seq"
    )
    return selected(log, statement)


def balanced(report: ImportReport) -> bool:
    aside = sum(report.quarantined.values())
    taken = report.logged + report.known + report.erased + report.duplicates
    return report.rows == taken + aside


def test_events_of_a_file_are_in_the_log_and_counted(log: EventLog, tmp_path: Path) -> None:
    report = imported(
        log, tmp_path, HEADER + ROWS + "ann,tea,2020-01-01,1,2\n,tea,2020-01-01,1,1\n"
    )
    assert rows(log)[0] == (
        "ann", "tea", "purchase", 1_577_836_800_000_000, 1.0, 2.0, "events.csv", NOW, 0,
    )  # fmt: skip
    assert (report.rows, report.logged, report.known, report.duplicates) == (5, 3, 0, 1)
    assert report.quarantined == {"no_user": 1}
    assert report.kinds == {"purchase": 2, "return": 1}
    assert (report.users, report.items) == (2, 2)
    assert (report.first, report.last) == (1_577_836_800_000_000, 1_578_009_600_000_000)
    assert balanced(report)


def test_importing_again_changes_nothing(log: EventLog, tmp_path: Path) -> None:
    imported(log, tmp_path, HEADER + ROWS)
    before = rows(log)
    report = imported(log, tmp_path, HEADER + ROWS, name="copy.csv")
    assert (report.logged, report.known) == (0, 3)
    assert rows(log) == before


@pytest.mark.parametrize("column", ["price", "quantity"])
def test_a_column_mapped_later_doubles_nothing(log: EventLog, tmp_path: Path, column: str) -> None:
    text = "user_id,item_id,at,worth\nann,tea,2020-01-01,-2\nann,tea,2020-01-01,5\n"
    imported(log, tmp_path, text)
    before = rows(log)
    file = written(tmp_path, text)
    again = import_events(file, configured(tmp_path, columns={column: "worth"}), log, now=NOW)
    assert (again.logged, len(before)) == (0, 2)
    assert rows(log) == before
    assert balanced(again)


def test_rows_of_two_orders_in_one_second_are_two_events(log: EventLog, tmp_path: Path) -> None:
    header = "user_id,item_id,at,order_id\n"
    for order in ("1", "2"):
        report = imported(log, tmp_path, f"{header}ann,tea,2020-01-01,{order}\n")
        assert (report.logged, report.known) == (1, 0)


def test_rows_of_an_erased_user_are_left_out_and_counted(log: EventLog, tmp_path: Path) -> None:
    imported(log, tmp_path, HEADER + ROWS)
    erase(log.database, "ann", at=NOW, receipt_id="r1")
    before = rows(log)
    report = imported(log, tmp_path, HEADER + ROWS + "ann,pot,2020-02-01,1,2\n", name="again.csv")
    assert (report.logged, report.erased) == (0, 3)
    assert rows(log) == before
    assert balanced(report)


def test_an_overlapping_file_adds_only_what_is_new(log: EventLog, tmp_path: Path) -> None:
    imported(log, tmp_path, HEADER + ROWS)
    report = imported(log, tmp_path, HEADER + ROWS + "cid,tea,2020-02-01,1,2\n")
    assert (report.logged, report.known) == (1, 3)


FIELD_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "ben", ""]),
        st.sampled_from(["tea", "pot"]),
        st.sampled_from(["2020-01-01", "2020-01-02", "never"]),
        st.sampled_from(["1", "-2", "0"]),
        st.sampled_from(["1", ""]),
    ).map(lambda fields: ",".join(fields) + "\n"),
    min_size=1,
    max_size=10,
)


@given(FIELD_ROWS, FIELD_ROWS)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None
)
def test_every_row_is_logged_known_a_duplicate_or_aside(
    log: EventLog, tmp_path: Path, first: list[str], more: list[str]
) -> None:
    for part in (first, first + more):
        assert balanced(imported(log, tmp_path, HEADER + "".join(part)))
    again = imported(log, tmp_path, HEADER + "".join(first + more))
    assert again.logged == 0


def test_bad_rows_are_in_the_quarantine_file(log: EventLog, tmp_path: Path) -> None:
    report = imported(log, tmp_path, HEADER + ROWS + ',"a, b",never,1,1\nann,tea,never,1,1\n')
    lines = list(csv.DictReader(StringIO(Path(report.quarantine_file).read_text())))
    assert [(line["row"], line["reason"]) for line in lines] == [
        ("4", "no_user"),
        ("5", "bad_time"),
    ]
    assert lines[0]["item_id"] == "a, b"
    assert Path(report.quarantine_file).parent == tmp_path / "quarantine"


def test_without_bad_rows_there_is_no_quarantine_file(log: EventLog, tmp_path: Path) -> None:
    assert imported(log, tmp_path, HEADER + ROWS).quarantine_file == ""
    assert not (tmp_path / "quarantine").exists()


def test_items_get_their_most_frequent_title_and_latest_price(
    log: EventLog, tmp_path: Path
) -> None:
    text = (
        "user_id,item_id,at,title,price,category\n"
        "a,tea,2020-01-03,Tea,3,drinks|hot\n"
        "a,tea,2020-01-01,TEA,1,\n"
        "b,tea,2020-01-02,Tea,2,\n"
        "b,pot,2020-01-02,,,\n"
    )
    imported(log, tmp_path, text)
    assert Profiles(log.database).items() == {
        "pot": ItemFacts("pot", available=True),
        "tea": ItemFacts(
            "tea", "Tea", "drinks", "", "", 3.0, 1_578_009_600_000_000, available=True
        ),
    }


def test_users_get_their_latest_trait(log: EventLog, tmp_path: Path) -> None:
    header = "user_id,item_id,at,country\n"
    text = header + "a,t,2020-01-02,Norway\na,t,2020-01-01,Iceland\nb,t,2020-01-01,\n"
    imported(log, tmp_path, text)
    assert Profiles(log.database).users() == {"a": ({"country": "Norway"}, "")}


def test_users_with_inhuman_days_are_reported_and_kept(log: EventLog, tmp_path: Path) -> None:
    text = HEADER + "".join(f"bot,i{n},2020-01-01,1,1\n" for n in range(4)) + ROWS
    report = imported(log, tmp_path, text, bot_events_per_day=3)
    assert report.bots == (("bot", 4),)
    assert report.logged == 7


def test_a_file_without_a_good_row_is_reported(log: EventLog, tmp_path: Path) -> None:
    report = imported(log, tmp_path, HEADER + ",tea,2020-01-01,1,1\n")
    assert (report.logged, report.first, report.last) == (0, None, None)
    assert "no_user" in _shown(report)


def test_a_day_that_may_be_a_month_points_to_the_setting_that_reads_it(
    log: EventLog, tmp_path: Path
) -> None:
    text = "user_id,item_id,at\nann,tea,03/04/2025\n"
    refused = imported(log, tmp_path, text)
    assert refused.quarantined == {"bad_time": 1}
    assert 'data.time_format = "%d/%m/%Y"' in _shown(refused)
    read = import_events(
        written(tmp_path, text.replace("2025", "2019")),
        configured(tmp_path, time_format="%d/%m/%Y"),
        log,
        now=NOW,
    )
    assert read.logged == 1


def test_a_missing_column_logs_nothing(log: EventLog, tmp_path: Path) -> None:
    with pytest.raises(MissingColumn):
        imported(log, tmp_path, "who,what\n1,2\n")
    assert rows(log) == []


def test_a_closed_store_is_unavailable(log: EventLog, tmp_path: Path) -> None:
    log.database.close()
    with pytest.raises(StoreUnavailable):
        imported(log, tmp_path, HEADER + ROWS)


def test_the_report_is_kept(log: EventLog, tmp_path: Path) -> None:
    report = imported(log, tmp_path, HEADER + ROWS)
    ((sha256, text, at),) = selected(log, "SELECT sha256, report, at FROM imports")
    assert (sha256, at) == (report.sha256, NOW)
    assert json.loads(text)["logged"] == 3


def test_segment_exports_are_imported_as_they_are(log: EventLog, tmp_path: Path) -> None:
    text = (
        '{"type":"track","messageId":"m1","anonymousId":"x","event":"Product Viewed",'
        '"timestamp":"2020-01-01T00:00:00Z","properties":{"product_id":"tea"}}\n'
        '{"type":"track","messageId":"m2","userId":"ann","event":"Order Completed",'
        '"timestamp":"2020-01-02T00:00:00Z","properties":{"order_id":"o",'
        '"products":[{"product_id":"tea","price":2,"quantity":2},{"product_id":"pot","price":9}]}}\n'
        '{"type":"identify","messageId":"m3","userId":"ann","traits":{"country":"Norway"},'
        '"timestamp":"2020-01-02T00:00:00Z"}\n'
    )
    report = imported(log, tmp_path, text, name="segment.jsonl")
    assert [row[:3] + row[5:6] for row in rows(log)] == [
        ("x", "tea", "view", None),
        ("ann", "tea", "purchase", 4.0),
        ("ann", "pot", "purchase", 9.0),
    ]
    assert (report.quarantined, report.people) == ({}, 1)


def test_aws_personalize_files_are_imported_as_they_are(log: EventLog, tmp_path: Path) -> None:
    text = (
        "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION\n"
        "1,tea,1577836800,View,,tea|pot\n"
    )
    report = imported(log, tmp_path, text)
    assert rows(log)[0][:4] == ("1", "tea", "view", 1_577_836_800_000_000)
    assert report.times == "seconds since 1970"
    assert report.ignored == ("EVENT_VALUE", "IMPRESSION")


def test_gorse_files_are_imported_as_they_are(log: EventLog, tmp_path: Path) -> None:
    text = '{"FeedbackType":"read","UserId":"1","ItemId":"tea","Timestamp":"2020-01-01T00:00:00Z"}'
    imported(log, tmp_path, text, name="feedback.jsonl")
    assert rows(log)[0][:3] == ("1", "tea", "view")


def test_amplitude_files_are_imported_as_they_are(log: EventLog, tmp_path: Path) -> None:
    text = (
        '{"user_id":"1","event_type":"purchase","event_time":"2020-01-01 00:00:00.000000",'
        '"$insert_id":"i1","event_properties":{"product_id":"tea","price":2}}'
    )
    imported(log, tmp_path, text, name="amplitude.jsonl")
    assert rows(log)[0][:3] == ("1", "tea", "purchase")
    assert selected(log, "SELECT event_id FROM events") == [("i1",)]


def test_a_simulated_message_log_stays_marked(log: EventLog, tmp_path: Path) -> None:
    header = "event_id,user_id,at,kind,channel,pscore,simulated\n"
    imported(log, tmp_path, header + "m,a,2020-01-01,message_sent,sms,1,true\n")
    assert rows(log)[0][-1] == 1


def test_a_message_log_imported_again_changes_nothing(log: EventLog, tmp_path: Path) -> None:
    text = (
        "user_id,timestamp,event,email_id,decision_id\n"
        "ann,2020-01-01T10:00:00Z,Email Delivered,e1,d1\n"
        "ann,2020-01-01T11:00:00Z,Email Opened,e1,\n"
        "ann,2020-01-01T11:00:01Z,Email Opened,e1,\n"
    )
    imported(log, tmp_path, text)
    before = rows(log)
    assert len(before) == 3
    imported(log, tmp_path, text)
    assert rows(log) == before


def test_orders_that_an_earlier_version_logged_are_not_logged_again(
    log: EventLog, tmp_path: Path
) -> None:
    order = '"properties":{"products":[{"product_id":"tea"},{"product_id":"pot"}]}}'
    text = f'{{"messageId":"m","userId":"ann","event":"purchase","timestamp":1577836800,{order}\n'
    former = [
        Event("m", "ann", "purchase", 1_577_836_800_000_000, item_id="tea"),
        Event("m#1", "ann", "purchase", 1_577_836_800_000_000, item_id="pot"),
    ]
    log.append(former, now=NOW)
    report = imported(log, tmp_path, text, name="segment.jsonl")
    assert (report.logged, report.known) == (0, 2)
    other = imported(log, tmp_path, text.replace('"m"', '"n"'), name="segment.jsonl")
    assert other.logged == 2


class Steps:
    def __init__(self) -> None:
        self.begun: list[str] = []
        self.details: list[str] = []

    def begin(self, step: str) -> None:
        self.begun.append(step)

    def detail(self, text: str) -> None:
        self.details.append(text)


def test_whoever_watches_is_told_of_every_step(log: EventLog, tmp_path: Path) -> None:
    steps = Steps()
    config: Config = configured(tmp_path)
    import_events(written(tmp_path, HEADER + ROWS), config, log, now=NOW, watch=steps)
    assert steps.begun == ["read events.csv", "check 3 rows", "log 3 events", "profiles"]
    assert steps.details == ["100%"]


def _shown(report: ImportReport) -> str:
    console = Console(file=StringIO(), width=120)
    console.print(rendered(report))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_the_report_reads_well(log: EventLog, tmp_path: Path) -> None:
    odd = HEADER + ROWS + "[red]x,tea,2031-01-01,1,1\n"
    shown = _shown(imported(log, tmp_path, odd, name="[bold].csv"))
    for words in ("[bold].csv", "2020-01-01 00:00 to 2020-01-03 00:00", "future_time", "rows/s"):
        assert words in shown


def test_an_id_beside_several_addresses_is_told_with_the_setting(
    log: EventLog, tmp_path: Path
) -> None:
    text = (
        "customer_id,billing_email,item_id,timestamp\n0,a@b.c,x,2020-01-01\n0,d@b.c,x,2020-01-02\n"
        "7,e@b.c,x,2020-01-02\n7,E@b.c,x,2020-01-03\n"
    )
    (note,) = imported(log, tmp_path, text).notes
    assert note.startswith("user '0' stands beside 2 e-mail addresses")
    assert note.endswith('[data] guests = ["0"]')
