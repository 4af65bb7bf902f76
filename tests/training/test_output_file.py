"""Files that results go to."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.errors import BadQuery
from training.output_file import refuse_unwritable


def test_the_folder_of_a_result_is_made(tmp_path: Path) -> None:
    refuse_unwritable("--out", tmp_path / "a" / "b" / "out.csv", endings=(".csv",))
    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadQuery, match=r"--out is .*a folder"):
        refuse_unwritable("--out", tmp_path)


def test_a_result_never_overwrites_what_it_is_made_of(tmp_path: Path) -> None:
    events, link = tmp_path / "events.csv", tmp_path / "link.csv"
    events.write_text("precious")
    link.symlink_to(events)
    for out in (events, link, tmp_path / "." / "events.csv"):
        with pytest.raises(BadQuery, match="another file"):
            refuse_unwritable("--out", out, inputs=[tmp_path / "no.csv", events])
    assert events.read_text() == "precious"


@pytest.mark.parametrize("name", ["out.csv", "OUT.CSV", "out.csv.gz", "out"])
def test_known_endings_and_none_are_allowed(tmp_path: Path, name: str) -> None:
    refuse_unwritable("--out", tmp_path / name, endings=(".csv", ".csv.gz"))


def test_an_ending_that_would_lie_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadQuery, match=r"out.xlsx.*\.csv, \.parquet"):
        refuse_unwritable("--out", tmp_path / "out.xlsx", endings=(".csv", ".parquet"))


def test_a_file_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadQuery, match="--out"):
        refuse_unwritable("--out", tmp_path / "file" / "out.csv")
