"""Files that failed once are read right, or refused with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.cases import EXPECTED, OURS, Read, facts_of, read_again

FILES = list(read_again(OURS))


@pytest.mark.parametrize("read", FILES, ids=[f"{each.case}/{each.file}" for each in FILES])
def test_a_file_is_read_right_or_refused(read: Read) -> None:
    assert read.verdict in {"read right", "refused with what to do"}


def test_every_file_says_what_is_right_of_it() -> None:
    assert all(each.verdict for each in FILES)
    assert all(len((case / EXPECTED).read_text()) for case in OURS.iterdir() if case.is_dir())


def test_a_wrong_expectation_is_told(tmp_path: Path) -> None:
    case = tmp_path / "one"
    case.mkdir()
    (case / "e.csv").write_text("user_id,item_id,timestamp\nu,a,2020-01-01\n")
    (case / EXPECTED).write_text('right = "two"\n["e.csv"]\nkinds = { purchase = 2 }\n')
    (read,) = read_again(tmp_path)
    assert read.verdict == "WRONG: kinds is {'purchase': 1}, right is {'purchase': 2}"
    (case / EXPECTED).unlink()
    (case / "README").write_text("one purchase")
    (read,) = read_again(tmp_path)
    assert (read.verdict, read.right) == ("", "one purchase")
    assert facts_of(case / "e.csv", "events").items == ["a"]
