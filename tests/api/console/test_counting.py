"""Figures over the whole store: counted beside answers, or by a process of their own."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from api.console import counting
from api.console.counting import Counting
from recsys.data.times import HOUR
from recsys.storage.figures import kept
from recsys.storage.figures.kept import Figures
from tests.api.conftest import Api


@pytest.fixture
def counts(api: Api) -> Iterator[Counting]:
    made = Counting(api.service)
    yield made
    made.close()


def counted(api: Api, counts: Counting, *, at: int = 0) -> Figures:
    """Wait until the figures of the hour of `at`, else of now, are there."""
    deadline, at = time.monotonic() + 60, at or api.clock()
    while (found := counts.latest(at=at)) is None or found.hour != at // HOUR:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_a_process_of_its_own_finds_the_same_figures(
    api: Api, counts: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = counted(api, counts)
    kept.keep(api.service.log.database, Figures(beside.version, beside.hour - 1, {}))
    monkeypatch.setattr(counting, "MOST_EVENTS_BESIDE", 0)
    apart = counted(api, counts)
    assert {**apart.body, "took": 0} == {**beside.body, "took": 0}
    assert apart.body["growth"]["lifecycle"]["periods"]


def test_a_service_that_closes_waits_for_no_count(
    api: Api, counts: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST_EVENTS_BESIDE", 0)
    counts.latest(at=api.clock())
    counts.close()
    assert counts.latest(at=api.clock()) is None


def test_what_takes_long_to_count_is_counted_less_often(api: Api, counts: Counting) -> None:
    version, hour = api.service.current.version or "", api.clock() // HOUR
    slow = Figures(version, hour - 2, {"took": 1_000.0})
    kept.keep(api.service.log.database, slow)
    assert counts.latest(at=api.clock()) == slow
    assert kept.latest(api.service.log.database, version) == slow
    later = counted(api, counts, at=(hour + 1) * HOUR)
    assert later.body["kinds"]
