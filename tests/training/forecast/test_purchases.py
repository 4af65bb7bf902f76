"""Reading any file with users, times and amounts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from recsys.config import Config
from recsys.data.times import micros
from recsys.errors import BadQuery
from training.errors import NoUsableRow
from training.forecast import purchases
from training.forecast.columns import PurchaseColumns
from training.importing.columns import event_columns

NOON = micros(datetime(2020, 1, 2, 12, tzinfo=UTC))


def test_rows_before_the_cutoff_are_read_and_the_others_counted(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text(
        "user_id,timestamp,value\nann,2020-01-02 11:59:59,3\nann,2020-01-02 12:00:00,4\n"
        "bob,2020-01-01,5\n,2020-01-01,5\nbob,never,5\nbob,2020-01-01,much\n"
    )
    read = purchases.read(file, PurchaseColumns(), before=NOON)
    assert list(read.interactions.users) == ["ann", "bob"]
    assert read.interactions.value.tolist() == [3, 5]
    assert (read.skipped, read.later) == (3, 1)
    assert read.why == (
        "1 have no user in 'user_id'; 1 have no time that is understood in 'timestamp', such as "
        "'never'; 1 have no number in 'value', such as 'much'"
    )
    assert (read.first.day, read.last.day) == (1, 2)


def test_a_file_without_a_usable_row_shows_what_stands_there_instead(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text("user_id,timestamp,value\nann,01/02/2020,3\n")
    with pytest.raises(NoUsableRow, match=r"1 have no time that is understood.*'01/02/2020'"):
        purchases.read(file, PurchaseColumns(), before=NOON)


def test_a_time_that_could_be_read_in_two_ways_is_read_as_the_option_says(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text("user_id,timestamp,value\nann,02/01/2020,3\n")
    columns = PurchaseColumns(time_format="%d/%m/%Y")
    assert purchases.read(file, columns, before=NOON).interactions.at.tolist() == [
        micros(datetime(2020, 1, 2, tzinfo=UTC))
    ]


def test_blanks_around_names_ids_and_amounts_do_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text("user_id, timestamp, value\nann , 2020-01-01, 3\n")
    table = purchases.read(file, PurchaseColumns(), before=NOON).interactions
    assert (list(table.users), table.value.tolist()) == (["ann"], [3])


def test_negative_amounts_are_returns(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text("user_id,timestamp,value\nann,2020-01-02,3\nann,2020-01-01,-2\n")
    table = purchases.read(file, PurchaseColumns(), before=NOON).interactions
    assert [table.kinds[kind] for kind in table.kind.tolist()] == ["return", "purchase"]
    assert table.value.tolist() == [2, 3]


def test_columns_have_any_name_and_times_any_spelling(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text("who;when;paid\n7;1577880000;3\n")
    table = purchases.read(file, PurchaseColumns("who", "when", "paid"), before=NOON).interactions
    assert list(table.users) == ["7"]
    assert table.at.tolist() == [micros(datetime(2020, 1, 1, 12, tzinfo=UTC))]


def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text("who,timestamp,value\n7,2020-01-01,3\n")
    with pytest.raises(
        BadQuery, match=r"--user is empty.*who, timestamp, value; without a name, .*user_id"
    ):
        purchases.read(file, PurchaseColumns(), before=NOON)
    with pytest.raises(BadQuery, match=r"--user is 'buyer'.*who, timestamp, value"):
        purchases.read(file, PurchaseColumns("buyer"), before=NOON)


@pytest.mark.parametrize(
    ("header", "row", "money"),
    [
        ("Invoice,StockCode,Quantity,InvoiceDate,Price,Customer ID", "1,a,2,2020-01-01,3,7", 6),
        ("InvoiceNo,Quantity,InvoiceDate,UnitPrice,CustomerID,Total", "1,2,2020-01-01,3,7,9", 6),
        ("order_id,customer_id,order_date,revenue", "1,7,2020-01-01,5", 5),
        ("Name,Email,Created at,Lineitem quantity,Lineitem price", "1,7,2020-01-01,3,4", 12),
        ("user_id,date,order_time,price,value", "7,2020-01-01,11:00,9,2", 2),
    ],
)
def test_columns_are_those_that_an_import_finds(
    tmp_path: Path, header: str, row: str, money: float
) -> None:
    file = tmp_path / "e.csv"
    file.write_text(f"{header}\n{row}\n")
    table = purchases.read(file, PurchaseColumns(), before=NOON).interactions
    assert (list(table.users), table.value.tolist()) == (["7"], [money])
    without_items = Config().data.columns.model_copy(update={"item": ""})
    (user,) = event_columns(header.split(","), without_items, trait="country").of("user", "email")
    named = PurchaseColumns(user=user)
    assert list(purchases.read(file, named, before=NOON).interactions.users) == ["7"]


def test_what_is_no_purchase_costs_nothing(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text(
        "user_id,item_id,event,price,timestamp\nann,a,view,5,2020-01-01\n"
        "ann,a,Order Completed,5,2020-01-01\nann,a,weird,7,2020-01-01\n"
    )
    read = purchases.read(file, PurchaseColumns(), before=NOON)
    assert (read.interactions.value.tolist(), read.others) == ([5, 7], 1)


def test_a_file_that_begins_after_the_cutoff_teaches_nothing(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text("user_id,timestamp,value\nann,2021-01-01,3\n")
    with pytest.raises(NoUsableRow, match="none is before the cut-off, they go from 2021-01-01"):
        purchases.read(file, PurchaseColumns(), before=NOON)


@pytest.mark.parametrize(
    ("text", "hour"), [("2020-01-02", 0), ("2020-01-02T12:00", 12), ("2020-01-02T12:00+02:00", 10)]
)
def test_a_cutoff_is_a_day_or_a_time(text: str, hour: int) -> None:
    assert purchases.cutoff(text) == micros(datetime(2020, 1, 2, hour, tzinfo=UTC))


def test_a_cutoff_that_is_neither_is_refused() -> None:
    with pytest.raises(BadQuery, match="--cutoff"):
        purchases.cutoff("yesterday")


def test_an_order_taken_back_is_none(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text(
        "user_id,timestamp,value\nann,2020-01-01 10:00,3\nann,2020-01-01 11:00,1000000\n"
        "ann,2020-01-01 11:12,-1000000\nann,2020-01-01 11:30,-1\nbob,2020-01-01,-5\n"
    )
    read = purchases.read(file, PurchaseColumns(), before=NOON)
    assert read.interactions.value.tolist() == [2, 5]
    assert [read.interactions.kinds[kind] for kind in read.interactions.kind] == [
        "purchase",
        "return",
    ]
    assert read.taken_back == 3


def test_the_order_and_its_state_are_read_where_the_file_has_them(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text(
        "user_id,timestamp,value,order_id,sku,Financial Status\n"
        "ann,2020-01-01 10:00,30,1,tea,paid\nann,2020-01-01 10:00,10,1,pot,\n"
        "ann,2020-01-01 11:00,30,2,tea,paid\nann,2020-01-02 10:00,-30,1,tea,\n"
        "bob,2020-01-01 11:00,7,3,tea,refunded\nbob,2020-01-01 11:00,8,3,pot,\n"
    )
    read = purchases.read(file, PurchaseColumns(), before=NOON)
    assert list(read.interactions.users) == ["ann", "bob"]
    assert sorted(read.interactions.value.tolist()) == [10, 30]


def test_ids_numbers_and_times_follow_the_rules_of_the_import(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text(
        "user_id;timestamp;value\n17850.0;2020-01-01;1.234,50\n17850;2020-01-01;5,50 €\n"
        "NULL;2020-01-01;1\n(not set);2020-01-01;1\nann;1970-01-02;1\nann;2020-01-01;1e24\n"
    )
    read = purchases.read(file, PurchaseColumns(), before=NOON)
    assert list(read.interactions.users) == ["17850"]
    assert sorted(read.interactions.value.tolist()) == [5.5, 1234.5]
    assert read.skipped == 4


def test_amounts_that_are_unclear_are_refused_with_the_option(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text("user_id;timestamp;value\nann;2020-01-01;1.234\n")
    with pytest.raises(BadQuery, match="--decimal-sign"):
        purchases.read(file, PurchaseColumns(), before=NOON)
    columns = PurchaseColumns(decimal_sign=",")
    assert purchases.read(file, columns, before=NOON).interactions.value.tolist() == [1234]
    file.write_text("user_id;timestamp;value\nann;2020-01-01;5 EUR\nann;2020-01-01;5 JPY\n")
    with pytest.raises(BadQuery, match="EUR, JPY"):
        purchases.read(file, PurchaseColumns(), before=NOON)
    file.write_text(
        "user_id;timestamp;price;currency\nann;2020-01-01;5;EUR\nann;2020-01-01;5;JPY\n"
    )
    with pytest.raises(BadQuery, match=r"--value is 'currency'.*EUR, JPY"):
        purchases.read(file, PurchaseColumns(), before=NOON)
