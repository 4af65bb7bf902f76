"""JSON of any shape, Parquet lists, workbooks and archives: one event an item."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recsys.errors import UnreadableFile
from tests.training.importing.files import NOW, configured, written
from training.errors import MissingColumn
from training.importing.read import read_file
from training.importing.validate import validate

EVENTS = [{"user_id": "u1", "item_id": "a"}, {"user_id": "u2", "item_id": "b"}]
ITEMS = [{"item_id": "tea", "price": 2}, {"item_id": "pot", "price": 3}]
TEXT = b"user_id,item_id\nu1,a\n"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(EVENTS),
        json.dumps(EVENTS, indent=1),
        json.dumps({"events": EVENTS}),
        json.dumps({"data": EVENTS}, indent=2),
        "\n".join(map(json.dumps, EVENTS)),
        "\ufeff" + json.dumps(EVENTS),
    ],
)
@pytest.mark.parametrize("name", ["events.json", "events.jsonl"])
def test_records_are_found_however_they_are_held(tmp_path: Path, text: str, name: str) -> None:
    assert read_file(written(tmp_path, text, name)).frame.rows() == [("u1", "a"), ("u2", "b")]


@pytest.mark.parametrize("products", ["items", "line_items", "products", "properties.products"])
@pytest.mark.parametrize("as_text", [False, True])
def test_a_list_of_products_is_one_row_each(tmp_path: Path, products: str, as_text: bool) -> None:
    given: Any = json.dumps(ITEMS) if as_text else ITEMS
    outer, _, inner = products.partition(".")
    record = {"user_id": "u1", "price": 9, outer: {inner: given} if inner else given}
    raw = read_file(written(tmp_path, json.dumps(record), "order.json"))
    assert raw.frame[f"{products}.item_id"].to_list() == ["tea", "pot"]
    assert raw.frame["user_id"].to_list() == ["u1", "u1"]
    assert "price" not in raw.frame.columns


def test_broken_json_says_where(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"broken JSON: .* in line 2"):
        read_file(written(tmp_path, '[{"a": 1},\n{"a": ]\n', "events.json"))


def test_lists_of_products_in_parquet_are_one_row_each(tmp_path: Path) -> None:
    file = tmp_path / "orders.parquet"
    pl.DataFrame({"user_id": ["u1", "u2"], "items": [ITEMS, []]}).write_parquet(file)
    raw = read_file(file)
    assert raw.frame.rows(named=True) == [
        {"user_id": "u1", "items.item_id": "tea", "items.price": 2},
        {"user_id": "u1", "items.item_id": "pot", "items.price": 3},
        {"user_id": "u2", "items.item_id": None, "items.price": None},
    ]
    assert raw.place is not None
    assert raw.place.to_list() == [0, 1, None]
    pl.DataFrame({"user_id": ["u1"], "products": [["tea", "pot"]]}).write_parquet(file)
    assert read_file(file).frame["products.product_id"].to_list() == ["tea", "pot"]


@pytest.mark.parametrize(
    ("suffix", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
def test_packed_text_is_read(tmp_path: Path, suffix: str, pack: Any) -> None:
    file = tmp_path / f"events.CSV.{suffix}"
    file.write_bytes(pack(TEXT))
    assert read_file(file).frame.rows() == [("u1", "a")]


def zipped(folder: Path, **files: bytes) -> Path:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.csv", content)
    file = folder / "events.csv.zip"
    file.write_bytes(held.getvalue())
    return file


def test_an_archive_of_one_file_is_read(tmp_path: Path) -> None:
    assert read_file(zipped(tmp_path, one=gzip.compress(TEXT))).frame.rows() == [("u1", "a")]


def test_an_archive_of_several_files_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"holds 2 files .* import each"):
        read_file(zipped(tmp_path, one=TEXT, two=TEXT))


@pytest.mark.parametrize(
    "products",
    ['"[{""product_id"":""tea"",""price"":5,""quantity"":2},{""product_id"":""pot"",""price"":1}]"',
     "\"[{'product_id': 'tea', 'price': 5, 'quantity': 2}, {'product_id': 'pot', 'price': 1}]\""],
)  # fmt: skip
def test_products_of_a_warehouse_are_a_row_each_and_id_is_the_events(
    tmp_path: Path, products: str
) -> None:
    text = (
        "id,received_at,timestamp,user_id,event,order_id,products,total\n"
        f"ajs-1,2020-01-02,2020-01-01,u,order_completed,o1,{products},11\n"
    )
    valid = validate(read_file(written(tmp_path, text)), configured(tmp_path), now=NOW)
    rows = valid.events.select("event_id", "item_id", "value", "order_id").rows()
    assert rows == [("ajs-1:0", "tea", 10, "o1"), ("ajs-1:1", "pot", 1, "o1")]


def test_a_file_without_a_header_is_told_how_to_name_its_columns(tmp_path: Path) -> None:
    text = "u1\t2009-05-04T23:08:57Z\ta1\nu1\t2009-05-04T13:54:10Z\ta2\n"
    with pytest.raises(MissingColumn, match=r'\[data\] header = \["user_id", "item_id"'):
        validate(read_file(written(tmp_path, text)), configured(tmp_path), now=NOW)
