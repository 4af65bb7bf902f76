"""Delimited text: every line is a row, part of one, blank, or put aside; none is swallowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys.errors import UnreadableFile
from tests.training.importing.files import written
from training.importing import delimited
from training.importing.read import RawFile, ReadAs, read_file

HEADER = "user_id,item_id,timestamp,title,price\n"


def row(number: int, title: str = "plain") -> str:
    return f"u{number},i{number},2025-01-02 10:00:{number % 60:02},{title},{number % 7}\n"


def titles(raw: RawFile) -> list[str | None]:
    return list(raw.frame["title"])


def test_an_inch_is_no_quote_and_no_row_is_swallowed_by_it(tmp_path: Path) -> None:
    lines = [row(number) for number in range(1_000)]
    lines[5], lines[900] = row(5, '"Big lamp'), row(900, '19"')
    raw = read_file(written(tmp_path, HEADER + "".join(lines)))
    assert len(raw.frame) == 1_000
    assert (titles(raw)[5], titles(raw)[900]) == ('"Big lamp', '19"')
    assert "2 lines hold a quote" in raw.notes[0]


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("title", ['"Heroes" / Helden', 'Say "Hello', '"Weird Al" Y', '"unclosed'])
def test_a_stray_quote_is_part_of_its_field(tmp_path: Path, title: str, separator: str) -> None:
    text = (HEADER + row(1, title) + row(2)).replace(",", separator)
    assert titles(read_file(written(tmp_path, text))) == [title, "plain"]


def test_a_stray_quote_that_leaves_no_row_costs_its_own(tmp_path: Path) -> None:
    raw = read_file(written(tmp_path, HEADER + row(1, '"a, b') + row(2)))
    assert titles(raw) == ["plain"]
    assert raw.broken.select("row", "reason").rows() == [(1, "stray_quote")]


def test_fields_of_several_lines_are_read(tmp_path: Path) -> None:
    text = HEADER + row(1, '"two\nlines, and ""more"""') + row(2) + row(3, '"a\n\nb"')
    raw = read_file(written(tmp_path, text))
    assert titles(raw) == ['two\nlines, and "more"', "plain", "a\n\nb"]
    assert raw.row.to_list() == [1, 2, 3]


def test_quotes_may_be_written_with_a_backslash(tmp_path: Path) -> None:
    raw = read_file(written(tmp_path, HEADER + row(1, r'"19\" monitor, black"') + row(2)))
    assert titles(raw) == ['19" monitor, black', "plain"]


def test_a_line_break_without_quotes_costs_one_row(tmp_path: Path) -> None:
    raw = read_file(written(tmp_path, HEADER + row(1, "two\nlines") + row(2)))
    assert titles(raw) == ["plain"]
    assert raw.broken["reason"].to_list() == ["torn_row", "torn_row"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sep=;\nuser_id;item_id\na;b\n", ["user_id", "item_id"]),
        ("# made by a tool\n#\nuser_id,item_id\na,b\n", ["user_id", "item_id"]),
        ("Sales report\n\nuser_id,item_id,price\na,b,1\nc,d,2\n", ["user_id", "item_id", "price"]),
        ("user_id|item_id\r\na|b\r\n", ["user_id", "item_id"]),
        ("user_id,item_id\ra,b\r", ["user_id", "item_id"]),
    ],
)
def test_what_stands_before_the_table_is_no_row(
    tmp_path: Path, text: str, names: list[str]
) -> None:
    raw = read_file(written(tmp_path, text, "events.TXT"))
    assert raw.frame.columns == names
    assert raw.frame.row(0)[:2] == ("a", "b")


def test_a_file_without_a_header_has_columns_by_position(tmp_path: Path) -> None:
    file = written(tmp_path, "a\t2025-01-02 10:00\ttea\nb\t2025-01-03 10:00\tpot\n", "plays.tsv")
    raw = read_file(file)
    assert raw.frame.rows() == [("a", "2025-01-02 10:00", "tea"), ("b", "2025-01-03 10:00", "pot")]
    assert raw.frame.columns == ["1", "2", "3"]
    named = read_file(file, ReadAs(header=("user_id", "timestamp", "item_id")))
    assert named.frame.columns == ["user_id", "timestamp", "item_id"]


def test_ratings_of_movielens_are_known_without_a_header(tmp_path: Path) -> None:
    raw = read_file(
        written(tmp_path, "1::1193::5::978300760\n1::661::3::978302109\n", "ratings.dat")
    )
    assert raw.frame.columns == ["user_id", "movie_id", "rating", "timestamp"]
    assert raw.frame.rows()[0] == ("1", "1193", "5", "978300760")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_text_of_any_width_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "events.csv"
    file.write_bytes("user_id\titem_id\nann\tcafé\n".encode(encoding))
    assert read_file(file).frame.rows() == [("ann", "café")]


def test_one_bad_byte_does_not_make_another_encoding_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_bytes("user_id,title\nann,café\nben,thé\n".encode() + b"cid,x\xff\n")
    raw = read_file(file)
    assert titles(raw) == ["café", "thé", "x\ufffd"]
    assert raw.notes == ("1 bytes are not UTF-8: replaced by U+FFFD",)


def test_an_encoding_that_cannot_be_told_names_the_setting(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_bytes("user_id,title\nann,Красная лампа\nben,Синяя чашка\n".encode("cp1251"))
    with pytest.raises(UnreadableFile, match=r"write in recsys.toml under .data. encoding = "):
        read_file(file)
    assert titles(read_file(file, ReadAs(encoding="cp1251")))[0] == "Красная лампа"


FIELDS = st.text(st.sampled_from('ab1 "\\,;\t|\n\r#é'), max_size=6)
LINES = st.lists(st.lists(FIELDS, min_size=1, max_size=6), min_size=1, max_size=12)


@given(LINES, st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-16", "cp1252"]))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
def test_no_line_is_ever_lost(
    tmp_path: Path, lines: list[list[str]], separator: str, encoding: str
) -> None:
    text = "user_id,item_id,timestamp\n".replace(",", separator)
    text += "".join(separator.join(fields) + "\n" for fields in lines)
    file = tmp_path / "events.csv"
    file.write_bytes(text.encode(encoding))
    try:
        raw = read_file(file, ReadAs(encoding=encoding))
    except UnreadableFile as error:
        assert "no row" in error.why or "rows" in error.why  # noqa: PT017
        return
    assert raw.row.n_unique() == len(raw.row)
    assert not set(raw.row) & set(raw.broken["row"])


@given(st.binary(max_size=300))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
def test_whatever_the_bytes_are_they_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "events.csv"
    file.write_bytes(content)
    try:
        raw = read_file(file)
    except UnreadableFile:
        return
    assert raw.rows == len(raw.frame) + len(raw.broken) > 0


def test_fields_of_several_lines_are_read_at_once_unless_they_may_swallow_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "_line_by_line", None)
    text = 'user_id,title,at\nu1,"two\nlines, of one\n",2020-01-01\nu2,one,2020-01-02\n'
    raw = read_file(written(tmp_path, text))
    assert raw.frame["title"].to_list() == ["two\nlines, of one\n", "one"]
    assert raw.row.to_list() == [1, 2]
    swallowing = 'user_id,title,at\nu1,"Lamp,2020-01-01\nu2,Screen 19",2020-01-02\n'
    with pytest.raises(TypeError):
        read_file(written(tmp_path, swallowing))
