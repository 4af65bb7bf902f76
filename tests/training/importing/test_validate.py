"""Every row is an event, a counted duplicate, or in quarantine with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys.config import parse
from tests.training.importing.files import HEADER, NOW, configured, written
from training.importing.read import read_file
from training.importing.validate import REASONS, Validated, validate

GOOD = "ann,tea,2020-01-01 12:00,2,1.5\n"


def checked(folder: Path, text: str, name: str = "events.csv", **data: Any) -> Validated:
    return validate(read_file(written(folder, text, name)), configured(folder, **data), now=NOW)


def reasons(valid: Validated) -> list[str]:
    return valid.quarantine["reason"].to_list()


def test_a_good_row_is_an_event(tmp_path: Path) -> None:
    valid = checked(tmp_path, HEADER + GOOD)
    (event,) = valid.events.rows(named=True)
    assert event["user_id"] == "ann"
    assert event["item_id"] == "tea"
    assert event["kind"] == "purchase"
    assert event["at"] == 1_577_880_000_000_000
    assert (event["quantity"], event["price"], event["value"]) == (2.0, 1.5, 3.0)
    assert len(valid.quarantine) == valid.duplicates == 0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",tea,2020-01-01,1,1", "no_user"),
        ("  ,tea,2020-01-01,1,1", "no_user"),
        ("NaN,tea,2020-01-01,1,1", "no_user"),
        (f"{'x' * 513},tea,2020-01-01,1,1", "bad_user"),
        ("a\x00b,tea,2020-01-01,1,1", "bad_user"),
        (f"ann,{'é' * 513},2020-01-01,1,1", "bad_item"),
        ("ann,,2020-01-01,1,1", "no_item"),
        ("ann,tea,,1,1", "no_time"),
        ("ann,tea,soon,1,1", "bad_time"),
        ("ann,tea,1969-12-31,1,1", "bad_time"),
        ("ann,tea,2020-02-30,1,1", "bad_time"),
        ("ann,tea,2020-09-15,1,1", "future_time"),
        ("ann,tea,2020-01-01,many,1", "bad_quantity"),
        ("ann,tea,2020-01-01,0,1", "bad_quantity"),
        ("ann,tea,2020-01-01,nan,1", "bad_quantity"),
        ("ann,tea,2020-01-01,inf,1", "bad_quantity"),
        ("ann,tea,2020-01-01,1,cheap", "bad_price"),
        ("ann,voucher,2020-01-01,1,-1", "bad_price"),
        ("ann,tea,2020-01-01,1,inf", "bad_price"),
        ("ann,tea,2020-01-01,1e300,1e300", "bad_quantity"),
        ("ann,tea,2020-01-01,1,0", "zero_price"),
    ],
)
def test_a_bad_row_is_put_aside_with_its_number_and_reason(
    tmp_path: Path, row: str, reason: str
) -> None:
    valid = checked(tmp_path, HEADER + GOOD + row + "\n")
    assert valid.quarantine.select("row", "reason").rows() == [(2, reason)]
    assert len(valid.events) == 1
    originals = valid.quarantine.select("user_id", "item_id", "timestamp", "quantity", "price")
    assert [value or "" for value in originals.row(0)] == row.split(",")


def test_every_reason_has_a_meaning(tmp_path: Path) -> None:
    assert all(REASONS.values())


def test_tomorrow_is_not_yet_the_future(tmp_path: Path) -> None:
    assert len(checked(tmp_path, HEADER + "ann,tea,2020-09-14 12:00,1,1\n").events) == 1


def test_what_a_row_does_not_say_is_one_piece_of_unknown_price(tmp_path: Path) -> None:
    event = checked(tmp_path, HEADER + "ann,tea,2020-01-01,,\n").events.row(0, named=True)
    assert (event["quantity"], event["price"], event["value"]) == (1.0, None, None)


def test_a_negative_quantity_is_a_return(tmp_path: Path) -> None:
    event = checked(tmp_path, HEADER + "ann,tea,2020-01-01,-2,3\n").events.row(0, named=True)
    assert (event["kind"], event["quantity"], event["value"]) == ("return", 2.0, 6.0)


def test_a_cancelled_order_is_a_return(tmp_path: Path) -> None:
    text = "user_id,item_id,at,order_id,quantity\nann,tea,2020-01-01,C1,2\nann,tea,2020-01-01,1,2\n"
    valid = checked(tmp_path, text, cancelled_order_prefix="C")
    assert valid.events["kind"].to_list() == ["return", "purchase"]


def test_a_view_of_minus_one_is_nonsense(tmp_path: Path) -> None:
    text = "user_id,item_id,at,event_type,quantity\nann,tea,2020-01-01,view,-1\n"
    assert reasons(checked(tmp_path, text)) == ["bad_quantity"]


def test_kinds_are_known_under_their_usual_names(tmp_path: Path) -> None:
    rows = "".join(f"ann,tea,2020-01-0{n},{kind}\n" for n, kind in enumerate(
        ["Product Viewed", "AddToCart", "purchase", "", "sneezed"], start=1
    ))  # fmt: skip
    valid = checked(tmp_path, "user_id,item_id,at,event_type\n" + rows)
    assert valid.events["kind"].to_list() == ["view", "cart", "purchase", "purchase"]
    assert reasons(valid) == ["unknown_kind"]


def test_kinds_of_the_shop_are_known_in_any_case(tmp_path: Path) -> None:
    raw = read_file(
        written(tmp_path, "user_id,item_id,at,event_type\nann,tea,2020-01-01,WATCHED\n")
    )
    config = parse({"kinds": {"Watched": {"weight": 1.0}}}, {})
    assert validate(raw, config, now=NOW).events["kind"].to_list() == ["Watched"]


def test_exact_duplicates_are_counted_and_left_out(tmp_path: Path) -> None:
    valid = checked(tmp_path, HEADER + GOOD * 3 + ",tea,2020-01-01,1,1\n" * 2)
    assert (len(valid.events), valid.duplicates, len(valid.quarantine)) == (1, 3, 1)


def test_rows_that_differ_only_where_we_do_not_look_are_both_events(tmp_path: Path) -> None:
    text = "user_id,item_id,at,till\nann,tea,2020-01-01,1\nann,tea,2020-01-01,2\n"
    valid = checked(tmp_path, text)
    assert valid.events["event_id"].n_unique() == 2
    assert valid.columns.ignored == ("till",)


def test_an_event_id_that_comes_again_with_other_content_is_put_aside(tmp_path: Path) -> None:
    text = "messageId,user_id,item_id,at\nm1,ann,tea,2020-01-01\nm1,ben,pot,2020-01-02\n"
    valid = checked(tmp_path, text)
    assert valid.events["event_id"].to_list() == ["m1"]
    assert valid.duplicates == 0
    assert valid.quarantine["reason"].to_list() == ["reused_id"]


def test_rows_without_an_event_id_are_not_duplicates_of_each_other(tmp_path: Path) -> None:
    text = "messageId,user_id,item_id,at\n,ann,tea,2020-01-01\n,ben,pot,2020-01-02\n"
    assert len(checked(tmp_path, text).events) == 2


def test_numbers_that_a_tool_made_floats_are_ids_again(tmp_path: Path) -> None:
    text = "user_id,item_id,at\n17850.0,85.5,2020-01-01\n17851.0,85.0,2020-01-01\n"
    valid = checked(tmp_path, text)
    assert valid.events["user_id"].to_list() == ["17850", "17851"]
    assert valid.events["item_id"].to_list() == ["85.5", "85.0"]


def test_float_ids_of_a_parquet_file_are_whole_numbers(tmp_path: Path) -> None:
    frame = {"user_id": [17850.0, None], "item_id": [1, 2], "at": ["2020-01-01"] * 2}
    pl.DataFrame(frame).write_parquet(tmp_path / "events.parquet")
    valid = validate(read_file(tmp_path / "events.parquet"), configured(tmp_path), now=NOW)
    assert valid.events["user_id"].to_list() == ["17850"]
    assert valid.events["item_id"].to_list() == ["1"]
    assert reasons(valid) == ["no_user"]


def test_the_file_format_changes_no_event_id(tmp_path: Path) -> None:
    text = HEADER + "1,2,2020-01-01 12:00,3,1.5\n"
    as_csv = checked(tmp_path, text).events["event_id"]
    frame = {"user_id": [1.0], "item_id": [2], "at": [1_577_880_000], "quantity": [3]}
    pl.DataFrame({**frame, "price": [1.5]}).write_parquet(tmp_path / "e.parquet")
    parquet = validate(read_file(tmp_path / "e.parquet"), configured(tmp_path), now=NOW)
    assert as_csv.to_list() == parquet.events["event_id"].to_list()


def test_messages_are_checked_as_messages(tmp_path: Path) -> None:
    text = (
        "event_id,user_id,at,kind,channel,ref,pscore,simulated\n"
        "m1,ann,2020-01-01,message_sent,email,,0.5,true\n"
        "m2,ann,2020-01-01,message_sent,pigeon,,0.5,true\n"
        "m3,ann,2020-01-01,message_sent,,,,\n"
        "m4,ann,2020-01-01,message_sent,sms,,1.5,\n"
        "m5,ann,2020-01-01,message_sent,sms,,0,\n"
        "m6,ann,2020-01-02,message_responded,,m1,,\n"
        "m7,ann,2020-01-02,message_responded,,,,\n"
    )
    valid = checked(tmp_path, text)
    assert valid.events["event_id"].to_list() == ["m1", "m6"]
    assert valid.events["simulated"].to_list() == [True, False]
    expected = ["unknown_channel"] * 2 + ["bad_pscore"] * 2 + ["no_ref"]
    assert reasons(valid) == expected


def test_a_mail_log_is_read_by_the_names_that_its_sender_gives(tmp_path: Path) -> None:
    text = (
        "message_id,user_id,timestamp,event,channel,email_id,pscore,machine\n"
        "1,ann,2020-01-01T10:00:00Z,Email Delivered,server,e1,0.4,\n"
        "2,ann,2020-01-01T11:00:00Z,Email Opened,server,e1,,true\n"
        "3,ann,2020-01-01T12:00:00Z,Email Link Clicked,server,e1,,false\n"
        "4,ben,2020-01-01T10:00:00Z,Email Bounced,server,e1,,true\n"
        "5,ann,2020-01-02T10:00:00Z,Email Marked as Spam,server,e1,,\n"
    )
    events = checked(tmp_path, text).events.sort("at", "user_id")
    kinds = ["sent", "failed", "opened", "responded", "unsubscribed"]
    assert events["kind"].to_list() == [f"message_{kind}" for kind in kinds]
    assert events["event_id"].to_list() == ["email:e1:ann", "4", "2", "3", "5"]
    assert events["ref"].to_list() == [None, "email:e1:ben", *["email:e1:ann"] * 3]
    assert events["channel"].unique().to_list() == ["email"]
    assert events["machine"].to_list() == [False, False, True, False, False]
    assert events["pscore"].to_list() == [0.4, None, None, None, None]


def test_push_and_sms_logs_need_no_more_than_user_time_event_and_channel(tmp_path: Path) -> None:
    text = (
        "user_id,timestamp,event,channel\n"
        "ann,2020-01-01,Push Notification Received,\n"
        "ann,2020-01-02,Push Notification Tapped,\n"
        "ann,2020-01-03,SMS Delivered,sms\n"
        "ann,2020-01-04,message_unsubscribed,sms\n"
        "ann,2020-01-05,Unsubscribed,\n"
        "ann,2020-01-06,purchase,web\n"
    )
    valid = checked(tmp_path, text)
    assert valid.events["channel"].to_list() == ["push", "push", "sms", "sms"]
    assert valid.events["kind"].to_list()[-1] == "message_unsubscribed"
    assert reasons(valid) == ["no_ref", "no_item"]


def test_events_come_in_order_of_time(tmp_path: Path) -> None:
    text = HEADER + "b,tea,2020-01-02,1,1\na,tea,2020-01-01,1,1\n"
    assert checked(tmp_path, text).events["user_id"].to_list() == ["a", "b"]


def test_columns_of_the_file_named_like_ours_are_kept_apart(tmp_path: Path) -> None:
    text = "user_id,item_id,at,row,reason\n,tea,2020-01-01,7,none\n"
    (bad,) = checked(tmp_path, text).quarantine.rows(named=True)
    assert (bad["row"], bad["row_in_file"]) == (1, "7")
    assert (bad["reason"], bad["reason_in_file"]) == ("no_user", "none")


FIELDS = st.tuples(
    st.sampled_from(["ann", "ben", "", "null", "x" * 300]),
    st.sampled_from(["tea", "pot", ""]),
    st.sampled_from(["2020-01-01", "2020-01-02T10:00:00Z", "soon", "", "2031-01-01"]),
    st.sampled_from(["1", "2", "-1", "0", "x", "", "nan"]),
    st.sampled_from(["1.5", "0", "-1", "x", ""]),
)
ODD = st.sampled_from(["too,many,fields,here,by,far", "short"])


@given(st.lists(st.one_of(FIELDS.map(",".join), ODD), min_size=1, max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_row_is_ever_lost(tmp_path: Path, rows: list[str]) -> None:
    file = written(tmp_path, HEADER + "ann,tea,2020-01-01,1,1\n" + "".join(f"{r}\n" for r in rows))
    raw = read_file(file)
    valid = validate(raw, configured(tmp_path), now=NOW)
    assert raw.rows == len(rows) + 1
    assert len(valid.events) + valid.duplicates + len(valid.quarantine) == raw.rows
    assert set(reasons(valid)) <= set(REASONS)
    assert valid.events["event_id"].n_unique() == len(valid.events)
    assert valid.quarantine["row"].is_sorted()
