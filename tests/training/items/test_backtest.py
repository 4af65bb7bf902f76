"""Several windows, one before the other, and how they are shown."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from recsys.data.times import DAY
from tests.training.items.test_measure import CONFIG, data, silent, three_tastes
from training.items.backtest import Backtest, rolling
from training.report import items_backtest as shown


@pytest.fixture(scope="module", name="tests")
def _tests() -> tuple[Backtest, ...]:
    return tuple(rolling(three_tastes(), CONFIG, windows=2, progress=silent))


def test_windows_follow_each_other_backwards_without_a_gap(tests: tuple[Backtest, ...]) -> None:
    assert [test.metrics["test_days"] for test in tests] == [20, 20]
    assert tests[0].cutoff - tests[1].cutoff == 20 * DAY


def test_it_ends_where_the_data_do() -> None:
    few = data([(0, 1, 0), (1, 2, 30)])
    assert len(list(rolling(few, CONFIG, windows=9, progress=silent))) == 1


def test_the_tables_name_the_baselines_and_every_reading(tests: tuple[Backtest, ...]) -> None:
    page = io.StringIO()
    console = Console(file=page, width=220)
    for table in shown.tables(tests[0]):
        console.print(table)
    said = page.getvalue()
    for text in (
        *shown.READINGS.values(),
        "bought before",
        "ALS",
        "coverage",
        "alike",
        "tail",
        "hyper",
    ):
        assert text in said


def test_the_page_is_whole_and_the_same_each_time(
    tests: tuple[Backtest, ...], tmp_path: Path
) -> None:
    first, second = tmp_path / "a" / "one.html", tmp_path / "two.html"
    shown.write(tests, first)
    shown.write(tests, second)
    page = first.read_text(encoding="utf-8")
    assert page == second.read_text(encoding="utf-8")
    assert page.count("<h2>") == 2
    assert page.count("<svg") >= 3
    assert page.rstrip().endswith("</html>")


def test_nobody_to_judge_is_said_not_invented(tmp_path: Path) -> None:
    few = data([(0, 1, 0), (1, 2, 30)])
    tests = tuple(rolling(few, CONFIG, windows=1, progress=silent))
    shown.write(tests, tmp_path / "page.html")
    assert "not measurable" in (tmp_path / "page.html").read_text(encoding="utf-8")
