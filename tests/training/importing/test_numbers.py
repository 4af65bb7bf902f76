"""Numbers as people write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.training.importing.files import NOW, configured, written
from training.errors import UnclearColumn
from training.importing.read import read_file
from training.importing.times import parse_times
from training.importing.validate import Validated, validate


def priced(folder: Path, *prices: str, **data: Any) -> Validated:
    text = "user_id;item_id;timestamp;price\n"
    text += "".join(f"u;a;2020-01-01 10:00:{n:02};{price}\n" for n, price in enumerate(prices))
    return validate(read_file(written(folder, text)), configured(folder, **data), now=NOW)


@pytest.mark.parametrize(
    ("prices", "values"),
    [
        (("5,50", "1.234,50", "1.234", "1.290"), [5.5, 1234.5, 1234, 1290]),
        (("1,234.50", "$5.00", "5", "1,000"), [1234.5, 5, 5, 1000]),
        (("15.00 EUR", "2.50 EUR"), [15, 2.5]),
        (("1'234.50", "0.5"), [1234.5, 0.5]),
        (("€ 3,99",), [3.99]),
        (("0.050830508474576264", "1.5e2"), [0.050830508474576264, 150]),
    ],
)
def test_the_whole_file_shows_its_decimal_sign(
    tmp_path: Path, prices: tuple[str, ...], values: list[float]
) -> None:
    assert priced(tmp_path, *prices).events["value"].to_list() == values


def test_numbers_that_can_be_read_two_ways_name_the_setting(tmp_path: Path) -> None:
    with pytest.raises(UnclearColumn, match="decimal_sign"):
        priced(tmp_path, "1.234", "1.290")
    read = {
        sign: priced(tmp_path, "1.234", decimal_sign=sign).events["value"].to_list()
        for sign in (".", ",")
    }
    assert read == {".": [1.234], ",": [1234]}


def test_currencies_are_never_added_up(tmp_path: Path) -> None:
    with pytest.raises(UnclearColumn, match="EUR, USD"):
        priced(tmp_path, "5.00 EUR", "5.00 USD")
    rated = priced(tmp_path, "5.00 EUR", "5.00 USD", rates={"EUR": 1.0, "USD": 0.9})
    assert rated.events["value"].to_list() == [5, 4.5]


def test_a_sign_is_the_code_of_its_only_currency(tmp_path: Path) -> None:
    assert priced(tmp_path, "5.00 €", "5.00 EUR").events["value"].to_list() == [5, 5]
    rated = priced(tmp_path, "€ 5.00", "£ 5.00", rates={"€": 1.0, "GBP": 1.2})
    assert rated.events["value"].to_list() == [5, 6]


def test_which_dollar_it_is_a_code_beside_it_says(tmp_path: Path) -> None:
    def read(*cells: str) -> Validated:
        rows = (f"u,a,2020-01-01 10:00:0{n},{cell}\n" for n, cell in enumerate(cells))
        file = written(tmp_path, "user_id,item_id,timestamp,price,currency\n" + "".join(rows))
        return validate(read_file(file), configured(tmp_path), now=NOW)

    found = read("$5.00,CAD", "4,CAD")
    assert found.events["value"].to_list() == [5, 4]
    assert "currency is in CAD" in found.notes
    with pytest.raises(UnclearColumn, match="CAD, EUR"):
        read("$5.00,CAD", "€ 3.00,CAD")


def test_a_number_beyond_all_money_is_put_aside(tmp_path: Path) -> None:
    assert priced(tmp_path, "1e24").quarantine["reason"].to_list() == ["bad_price"]


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-14 12:00:00+00",
        "2025-03-14 14:00:00.0+02",
        "2025-03-14 14:00:00 +02:00",
        "2025-03-14 12:00:00 GMT",
        "14-Mar-2025 12:00",
        "March 14, 2025 12:00:00 PM",
        "3/14/2025 12:00 PM",
        "14/03/25 12:00",
        "45730.5",
    ],
)
def test_times_as_tools_write_them(text: str) -> None:
    assert parse_times(pl.Series([text]), timezone="UTC").at.to_list() == [1_741_953_600_000_000]


def test_the_report_says_how_numbers_are_written_and_in_which_currency(tmp_path: Path) -> None:
    valid = priced(tmp_path, "5,50 EUR", "1.234,50 EUR")
    assert valid.notes == ("numbers have a decimal comma", "price is in EUR")
    assert priced(tmp_path, "5.50").notes == ()


def test_errors_name_the_column_of_the_file(tmp_path: Path) -> None:
    text = "user_id,sku,timestamp,Lineitem price\nu,a,2020-01-01,1.234\n"
    with pytest.raises(UnclearColumn, match="column 'Lineitem price'"):
        validate(read_file(written(tmp_path, text)), configured(tmp_path), now=NOW)


def test_numbers_that_a_file_holds_as_numbers_are_never_unclear(tmp_path: Path) -> None:
    file = tmp_path / "events.parquet"
    pl.DataFrame(
        {"user": ["u"], "sku": ["a"], "at": ["2020-01-01"], "price": [1.234]}
    ).write_parquet(file)
    valid = validate(read_file(file), configured(tmp_path), now=NOW)
    assert valid.events["value"].to_list() == [1.234]


def test_a_word_without_a_number_is_no_currency(tmp_path: Path) -> None:
    valid = priced(tmp_path, "5.00 EUR", "abc")
    assert valid.notes == ("price is in EUR",)
    assert valid.events["value"].to_list() == [5]
