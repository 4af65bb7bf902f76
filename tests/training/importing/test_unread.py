"""What a file may say in columns that are not read is told, with what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.importing.files import NOW, configured, written
from training.importing.read import read_file
from training.importing.unread import unread
from training.importing.validate import validate

ROW = "order_id,user_id,item_id,timestamp"


def notes(folder: Path, column: str, *cells: str) -> str:
    rows = "".join(f"{n},u,i{n},2020-01-01,{cell}\n" for n, cell in enumerate(cells))
    raw = read_file(written(folder, f"{ROW},{column}\n{rows}"))
    valid = validate(raw, configured(folder), now=NOW)
    return "\n".join(unread(valid.columns, raw.theirs, valid.spelling, valid.events["kind"]))


@pytest.mark.parametrize(
    ("column", "cells", "told"),
    [
        ("net_price", ("1", "2"), "no column is read as money; if it is in net_price"),
        ("Count", ("1", "2"), "no column is read as units: each row is one; if it is in Count"),
        ("remark", ("fine", "cancelled"), '[data.columns] state = "remark"'),
        ("return_date", ("", "2020-02-01"), '[data.columns] cancelled_at = "return_date"'),
        ("clicked", ("0", "1"), "clicked says 0 or 1, and is not read: every row counts"),
        ("behavior_type", ("1", "4"), '[data.columns] kind = "behavior_type", [data.names] "1"'),
    ],
)
def test_what_may_matter_is_told(
    tmp_path: Path, column: str, cells: tuple[str, ...], told: str
) -> None:
    assert told in notes(tmp_path, column, *cells)


def test_nothing_is_told_of_other_columns(tmp_path: Path) -> None:
    assert notes(tmp_path, "colour", "red", "blue") == ""


def test_a_state_and_an_address_are_named_in_the_configuration(tmp_path: Path) -> None:
    file = written(tmp_path, "wer,item_id,timestamp,remark\na@b.c,i,2020-01-01,cancelled\n")
    config = configured(tmp_path, columns={"state": "remark", "email": "wer"})
    (event,) = validate(read_file(file), config, now=NOW).events.rows(named=True)
    assert (event["user_id"], event["kind"]) == ("a@b.c", "void")
