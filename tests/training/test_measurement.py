"""Pauses that leave nothing to judge on."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from recsys.data.ids import NO_ITEM, IdMap
from recsys.data.interactions import Interactions, UserEvents
from recsys.data.times import DAY, micros
from training.measurement import told

FIRST = micros(datetime(2024, 1, 1, tzinfo=UTC))


def events(days: list[float]) -> Interactions:
    """Return one user's events, so many days after 2024-01-01."""
    at = np.array([FIRST + round(day * DAY) for day in days], np.int64)
    n = len(at)
    return Interactions.of(
        IdMap.of(["ann"]),
        IdMap.of([]),
        ("view",),
        user_row=np.zeros(n, np.int32),
        events=UserEvents(
            np.full(n, NO_ITEM, np.int32),
            np.zeros(n, np.int8),
            at,
            np.ones(n, np.float32),
            np.zeros(n),
        ),
    )


YEAR = [float(day) for day in range(366)]


def test_one_event_after_a_year_without_any_is_told() -> None:
    assert told(events([*YEAR, 731]), days=30) == (
        "nothing happened between 2024-12-31 and 2026-01-01: the last 30 days, which judge, hold "
        "1 of 367 events"
    )


def test_a_pause_inside_the_last_days_is_told() -> None:
    days = [*YEAR, 366, 367, 395]
    assert "between 2025-01-02 and 2025-01-30" in told(events(days), days=30)


def test_a_steady_shop_is_not_warned() -> None:
    assert told(events(YEAR), days=30) == ""


def test_a_pause_long_ago_is_not_told() -> None:
    assert told(events([*YEAR, *(800.0 + day for day in range(40))]), days=30) == ""


def test_a_shop_that_sells_once_a_month_has_no_pause() -> None:
    assert told(events([float(day) for day in range(0, 366, 28)]), days=30) == ""


def test_too_few_events_tell_nothing() -> None:
    assert told(events([]), days=30) == ""
    assert told(events([1.0, 2.0]), days=30) == ""
