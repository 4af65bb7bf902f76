"""Counts within a minute."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.runtime.per_minute import PerMinute


def test_a_window_is_for_all_and_ends_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    at = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: at[0])
    counts = PerMinute()
    assert [counts.count("ann"), counts.count("ann"), counts.count("ben")] == [
        (1, 60),
        (2, 60),
        (1, 60),
    ]
    at[0] += 59.5
    assert counts.count("ann") == (3, 1)
    at[0] += 0.5
    assert counts.count("ann") == (1, 60)


def test_no_count_is_lost_between_threads() -> None:
    counts = PerMinute()
    with ThreadPoolExecutor(4) as threads:
        seen = list(threads.map(lambda _: counts.count("ann")[0], range(400)))
    assert sorted(seen) == list(range(1, 401))
