"""Files into frames, whatever state they are in."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from recsys.errors import UnreadableFile
from tests.training.importing.files import written
from training.importing.read import read_file


def test_csv_gives_text_and_row_numbers(tmp_path: Path) -> None:
    raw = read_file(written(tmp_path, 'a,b\n1,x\n,"two\nlines"\n'))
    assert raw.frame.rows() == [("1", "x"), (None, "two\nlines")]
    assert raw.row.to_list() == [1, 2]
    assert raw.rows == 2


def test_windows_files_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_bytes("\ufeffname;price\r\nCafé;1\r\n".encode())
    raw = read_file(file)
    assert raw.frame.rows(named=True) == [{"name": "Café", "price": "1"}]
    assert raw.notes == ("columns are separated by ';'",)


def test_text_that_is_not_utf8_is_read_and_said(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_bytes("name,price\nCafé,1\n".encode("cp1252"))
    raw = read_file(file)
    assert raw.frame.rows() == [("Café", "1")]
    assert raw.notes == ("encoding: not UTF-8: read as Windows-1252 ('Café,1')",)


def test_a_row_with_too_many_fields_costs_only_itself(tmp_path: Path) -> None:
    raw = read_file(written(tmp_path, "a,b\n1,2\n3,4,5\n6\n"))
    assert raw.frame.rows() == [("1", "2"), ("6", None)]
    assert raw.row.to_list() == [1, 3]
    assert raw.broken.rows() == [(2, "too_many_fields", "3,4,5")]
    assert raw.rows == 3


def test_blank_lines_are_no_rows_but_keep_their_numbers(tmp_path: Path) -> None:
    raw = read_file(written(tmp_path, "a,b\n1,2\n,\n\n3,4\n\n"))
    assert raw.frame.rows() == [("1", "2"), ("3", "4")]
    assert raw.row[0] == 1
    assert raw.row[1] > 2
    assert "blank lines" in raw.notes[0]


def test_a_quote_that_never_closes_swallows_nothing(tmp_path: Path) -> None:
    raw = read_file(written(tmp_path, 'a,b\n1,"x\n2,3\n4,5,6\n'))
    assert raw.frame.rows() == [("1", '"x'), ("2", "3")]
    assert raw.broken.rows() == [(3, "too_many_fields", "4,5,6")]


def test_gzipped_text_is_read(tmp_path: Path) -> None:
    file = tmp_path / "events.csv.gz"
    file.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert read_file(file).frame.rows() == [("1", "2")]


def test_json_lines_become_columns(tmp_path: Path) -> None:
    text = '{"a":1,"b":{"c":"x"}}\n\n{"a":2.5,"d":["p","q"]}\nnonsense\n[1]\n{"d":true}\n'
    raw = read_file(written(tmp_path, text, "events.jsonl"))
    assert raw.frame.rows(named=True) == [
        {"a": 1.0, "b.c": "x", "d": None},
        {"a": 2.5, "b.c": None, "d": "p|q"},
        {"a": None, "b.c": None, "d": "true"},
    ]
    assert raw.row.to_list() == [1, 3, 6]
    assert raw.broken.rows() == [(4, "broken_json", "nonsense"), (5, "broken_json", "[1]")]


def test_an_order_of_several_products_is_several_rows(tmp_path: Path) -> None:
    text = (
        '{"messageId":"m","userId":"u","properties":{"order_id":"o",'
        '"products":[{"product_id":"tea","price":2},{"product_id":"pot","quantity":3}]}}'
    )
    raw = read_file(written(tmp_path, text, "events.ndjson"))
    assert raw.frame["properties.products.product_id"].to_list() == ["tea", "pot"]
    assert raw.frame["properties.order_id"].to_list() == ["o", "o"]
    assert raw.row.to_list() == [1, 1]
    assert raw.place is not None
    assert raw.place.to_list() == [0, 1]


def test_numbers_that_do_not_fit_stay_text(tmp_path: Path) -> None:
    frame = read_file(written(tmp_path, '{"a":18446744073709551615}', "events.jsonl")).frame
    assert frame["a"].to_list() == ["18446744073709551615"]


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1, 2]}).write_parquet(tmp_path / "events.parquet")
    raw = read_file(tmp_path / "events.parquet")
    assert raw.frame.rows() == [(1,), (2,)]
    assert raw.row.to_list() == [1, 2]


def test_nested_parquet_columns_are_taken_apart(tmp_path: Path) -> None:
    frame = {"a": [{"b": {"c": 1}, "d": "x"}], "e": [["p", "q"]], "f": [[1, 2]]}
    pl.DataFrame(frame).write_parquet(tmp_path / "events.parquet")
    assert read_file(tmp_path / "events.parquet").frame.rows(named=True) == [
        {"a.b.c": 1, "a.d": "x", "e": "p|q", "f": "1|2"}
    ]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("empty.csv", b"", "it is empty"),
        ("header.csv", b"a,b\n", "it has no rows"),
        ("empty.jsonl", b"\n\n", "it has no rows"),
        ("nonsense.jsonl", b"what\n", "no row of it can be read: broken_json"),
        ("broken.parquet", b"PAR1 and then nothing", "arquet"),
        ("broken.csv.gz", b"not gzip", "broken gzip"),
        ("short.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9], "broken gzip"),
        ("events.xlsx", b"x", "it is no workbook"),
        ("events.xyz", b"x", "unknown format '.xyz'; known: csv"),
        ("events", b"x", "its name has no ending; known: csv"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFile, match=why):
        read_file(tmp_path / name)


def test_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        read_file(tmp_path / "nowhere.csv")
    with pytest.raises(UnreadableFile, match="a folder"):
        read_file(tmp_path)
