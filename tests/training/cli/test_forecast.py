"""The commands churn and value, as they are typed."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from recsys.errors import BadQuery
from training.cli.forecast import app

HEADER = "user_id,timestamp,value\n"


def asked(command: str, events: Path, out: Path) -> str:
    options = ["--cutoff", "2020-02-01", "--horizon-days", "30"]
    names = ["--events", str(events), "--out", str(out)]
    return CliRunner().invoke(app, [command, *options, *names], catch_exceptions=False).output


@pytest.fixture
def events(tmp_path: Path) -> Path:
    file = tmp_path / "events.csv"
    file.write_text(f"{HEADER}ann,20200120,3\nbob,20200125,5\nbob,20200131,5\n")
    return file


@pytest.mark.parametrize("command", ["churn", "value"])
def test_the_file_of_events_is_never_overwritten(command: str, events: Path) -> None:
    before = events.read_text()
    with pytest.raises(BadQuery, match="another file than the one that is read"):
        asked(command, events, events)
    assert events.read_text() == before


def test_a_result_is_compressed_when_its_name_says_so(events: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.csv.gz"
    asked("churn", events, out)
    assert gzip.decompress(out.read_bytes()).decode().startswith("user_id,probability\nann,")


def test_a_result_is_parquet_when_its_name_says_so(events: Path, tmp_path: Path) -> None:
    asked("value", events, tmp_path / "out.parquet")
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert found.columns == ["user_id", "expected_orders", "expected_value"]
    assert found["user_id"].to_list() == ["ann", "bob"]


def test_what_was_read_is_said(events: Path, tmp_path: Path) -> None:
    said = asked("churn", events, tmp_path / "out.csv")
    assert "3 rows before the cut-off, 2020-01-20 to 2020-01-31, days written as numbers" in said


def test_many_rows_left_out_are_pointed_at(events: Path, tmp_path: Path) -> None:
    assert "many rows" not in asked("churn", events, tmp_path / "out.csv")
    events.write_text(f"{HEADER}ann,2020-01-20,3\nbob,2020-01-25,much\n")
    said = asked("churn", events, tmp_path / "out.csv")
    assert "many rows were left out: 1 have no number in 'value', such as 'much'" in said


def test_nobody_active_is_said_without_doubts_about_a_level(events: Path, tmp_path: Path) -> None:
    events.write_text(f"{HEADER}ann,2019-01-20,3\n")
    said = asked("churn", events, tmp_path / "out.csv")
    assert "0 users; nobody is active: nothing happened in the 30 days before" in said
    assert "level" not in said
