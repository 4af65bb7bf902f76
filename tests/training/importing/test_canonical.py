"""On which device and in which placement the rows of a file happened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.training.importing.files import NOW, configured, written
from training.errors import UnclearColumn
from training.importing.read import read_file
from training.importing.validate import validate

VIEWED = {"userId": "ann", "event": "Product Viewed", "timestamp": "2020-01-01T10:00:00Z"}


def kept(folder: Path, text: str, name: str = "events.csv", **columns: str) -> list[Any]:
    raw = read_file(written(folder, text, name))
    events = validate(raw, configured(folder, columns=columns), now=NOW).events
    return [None if each is None else json.loads(each) for each in events["properties"]]


def lines(*records: dict[str, Any]) -> str:
    return "\n".join(map(json.dumps, records))


@pytest.mark.parametrize("header", ["DEVICE_TYPE", "device", "context.device.type"])
def test_a_column_of_devices_is_recognised(tmp_path: Path, header: str) -> None:
    text = f"user_id,item_id,timestamp,{header}\nann,tea,2020-01-01,Mobile\nann,pot,2020-01-02,\n"
    assert kept(tmp_path, text) == [{"device": "mobile"}, None]


def test_a_column_may_be_named(tmp_path: Path) -> None:
    text = "user_id,item_id,timestamp,page\nann,tea,2020-01-01,Home\n"
    assert kept(tmp_path, text) == [None]
    assert kept(tmp_path, text, placement="page") == [{"placement": "home"}]


def test_what_segment_says_of_the_device_is_read(tmp_path: Path) -> None:
    product = {"product_id": "tea", "placement": "cart"}
    text = lines({**VIEWED, "properties": product, "context": {"device": {"type": "iOS"}}})
    assert kept(tmp_path, text, "events.jsonl") == [{"device": "ios", "placement": "cart"}]


def test_a_device_that_is_ordered_is_not_the_one_it_is_ordered_on(tmp_path: Path) -> None:
    order = {"products": [{"product_id": "tea", "device": "laptop"}], "device": "tablet"}
    text = lines({**VIEWED, "event": "Order Completed", "properties": order})
    assert kept(tmp_path, text, "events.jsonl") == [{"device": "tablet"}]


@pytest.mark.parametrize(
    ("most", "clear"), [("5", True), ("10", False), ("100", False), ("1", False)]
)
def test_bounds_of_another_scale_of_stars_are_refused(
    tmp_path: Path, most: str, clear: bool
) -> None:
    raw = read_file(written(tmp_path, f"userId,movieId,rating,timestamp\n1,2,{most},1112486027\n"))
    if clear:
        assert validate(raw, configured(tmp_path), now=NOW).events["kind"].to_list() == ["purchase"]
        return
    with pytest.raises(UnclearColumn, match=f"column 'rating': ratings go up to {most}"):
        validate(raw, configured(tmp_path), now=NOW)
    told = configured(tmp_path, rating_like=float(most), rating_dislike=0.0)
    assert validate(raw, told, now=NOW).events["kind"].to_list() == ["purchase"]
