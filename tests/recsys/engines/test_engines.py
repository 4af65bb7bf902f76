"""What every engine does: the same, in the same order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.config import Training
from recsys.data.ids import IdMap
from recsys.engines import Engine, Memory, opened
from recsys.engines.engine import Progress
from recsys.engines.processes import Processes, keep, kept


@dataclass(frozen=True, slots=True)
class Numbers:
    """Something with arrays in it."""

    name: str
    users: IdMap
    some: NDArray[np.int64]
    none: NDArray[np.float32]


NUMBERS = Numbers("n", IdMap.of(["b", "a"]), np.arange(10), np.empty(0, np.float32))


def summed(numbers: Numbers, part: tuple[int, int]) -> tuple[int, bool]:
    """Return the sum of a part, and whether the worker may change what it shares."""
    start, stop = part
    return int(numbers.some[start:stop].sum()), numbers.some.flags.writeable


def told(numbers: Numbers, progress: Progress) -> str:
    """Return who worked, after saying so."""
    progress("working")
    return f"{numbers.name} {os.getpid()}"


def failing(numbers: Numbers, progress: Progress) -> None:
    """Fail."""
    raise ValueError(f"the number {numbers.name}")


SPARK = pytest.param("spark", marks=[pytest.mark.spark])


@pytest.fixture(scope="module", params=["memory", "processes", SPARK])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    settings: dict[str, Any] = {"engine": request.param, "processes": 2}
    if request.param == "spark":
        settings["spark"] = request.getfixturevalue("spark")
    with opened(Training(**settings), n_events=1) as found:
        yield found


def test_parts_come_back_in_their_order(engine: Engine) -> None:
    parts = [(0, 3), (3, 4), (4, 10)]
    assert [total for total, _ in engine.each(summed, NUMBERS, parts)] == [3, 3, 39]


def test_nothing_to_do_is_nothing(engine: Engine) -> None:
    assert list(engine.each(summed, NUMBERS, [])) == []


def test_what_is_put_aside_is_there_when_asked_for(engine: Engine) -> None:
    heard: list[str] = []
    later = engine.aside(told, NUMBERS)
    name, worker = later(heard.append).split()
    assert name == "n"
    assert heard == ["working"] * (int(worker) == os.getpid())


def test_a_failure_reaches_who_asks(engine: Engine) -> None:
    with pytest.raises(Exception, match="the number n"):
        engine.aside(failing, NUMBERS)(print)


def test_more_parts_than_a_job_takes_come_back_in_order_too(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys.engines.spark.AT_ONCE", 2)
    parts = [(n, n + 1) for n in range(5)]
    assert [total for total, _ in engine.each(summed, NUMBERS, parts)] == [0, 1, 2, 3, 4]


def test_what_workers_use_is_counted_in() -> None:
    with Processes(1) as engine:
        alone = engine.used
        engine.aside(told, NUMBERS)(print)
        assert engine.used.peak_bytes > alone.peak_bytes > 10_000_000
        assert engine.used.cpu_seconds > alone.cpu_seconds > 0


def test_workers_cannot_change_what_they_share() -> None:
    with Processes(2) as engine:
        found = engine.each(summed, NUMBERS, [(0, 1), (1, 2)])
        assert [writeable for _, writeable in found] == [False, False]


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    keep(NUMBERS, tmp_path)
    back = kept(tmp_path)
    assert list(back.users) == ["a", "b"]
    for column in fields(Numbers)[2:]:
        np.testing.assert_array_equal(getattr(back, column.name), getattr(NUMBERS, column.name))


def test_few_events_are_not_worth_processes() -> None:
    with opened(Training(processes=2), n_events=99_999) as few:
        assert isinstance(few, Memory)
    with opened(Training(processes=2), n_events=100_000) as many:
        assert isinstance(many, Processes)
    with opened(Training(processes=1), n_events=100_000) as alone:
        assert isinstance(alone, Memory)
