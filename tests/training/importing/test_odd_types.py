"""Parquet files with columns of every odd type are imported or refused, never a crash."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.training.importing.files import NOW, configured
from training.importing.read import read_file
from training.importing.validate import Validated, validate

WHEN = datetime(2020, 1, 1, tzinfo=UTC)


def checked(folder: Path, **columns: Any) -> Validated:
    frame = {"user_id": ["ann"], "item_id": ["tea"], "at": [WHEN], **columns}
    pl.DataFrame(frame).write_parquet(folder / "events.parquet")
    return validate(read_file(folder / "events.parquet"), configured(folder), now=NOW)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([Decimal("2.50")]),
        pl.Series([2.5], dtype=pl.Float32),
        pl.Series(["2.5"], dtype=pl.Categorical),
    ],
)
def test_prices_of_any_type_are_numbers(tmp_path: Path, column: pl.Series) -> None:
    assert checked(tmp_path, price=column).events["price"].to_list() == [2.5]


@pytest.mark.parametrize(
    ("column", "user_id"),
    [
        (pl.Series([7], dtype=pl.UInt64), "7"),
        (pl.Series([7], dtype=pl.Int8), "7"),
        (pl.Series(["7"], dtype=pl.Categorical), "7"),
        (pl.Series([Decimal(7)]), "7"),
        (pl.Series([7.5]), "7.5"),
        (pl.Series([b"seven"]), "seven"),
        (pl.Series([b"\xff\xfe"]), "fffe"),
    ],
)
def test_ids_of_any_type_are_text(tmp_path: Path, column: pl.Series, user_id: str) -> None:
    assert checked(tmp_path, user_id=column).events["user_id"].to_list() == [user_id]


@pytest.mark.parametrize(
    "column",
    [pl.Series([None]), pl.Series([float("nan")])],
)
def test_users_that_are_nobody_are_put_aside(tmp_path: Path, column: pl.Series) -> None:
    valid = checked(tmp_path, user_id=column)
    assert valid.quarantine["reason"].to_list() == ["no_user"]


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([None]),
        pl.Series([True]),
        pl.Series([[1]]),
        pl.Series([b"soon"]),
        pl.Series(["soon"], dtype=pl.Categorical),
    ],
)
def test_times_that_are_none_are_put_aside(tmp_path: Path, column: pl.Series) -> None:
    valid = checked(tmp_path, at=column)
    assert len(valid.events) + len(valid.quarantine) == 1


def test_columns_that_are_not_used_may_be_anything(tmp_path: Path) -> None:
    odd = checked(tmp_path, user_id=[None], blob=[b"\xff"], many=[[{"a": 1}]], some={"a": [[1]]})
    assert odd.quarantine["reason"].to_list() == ["no_user"]
