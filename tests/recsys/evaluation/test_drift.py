"""The population stability index."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.evaluation.drift import Alarm, alarm, stability_index
from tests.present import present


def test_the_same_values_have_no_shift() -> None:
    values = np.arange(1000.0)
    assert stability_index(values, values) == pytest.approx(0, abs=1e-12)


def test_the_index_is_that_of_the_formula() -> None:
    then = np.repeat([0.0, 1.0], [5_000, 5_000])
    now = np.repeat([0.0, 1.0], [8_000, 2_000])
    known = 0.3 * np.log(0.8 / 0.5) + -0.3 * np.log(0.2 / 0.5)
    assert stability_index(then, now) == pytest.approx(known, rel=1e-2)


def test_values_that_went_missing_are_a_shift() -> None:
    then, now = np.arange(1000.0), np.arange(1000.0)
    now[::2] = np.nan
    index = present(stability_index(then, now))
    assert alarm(index) is Alarm.ACT


@pytest.mark.parametrize(
    ("index", "asks"),
    [(0.0, Alarm.NONE), (0.099, Alarm.NONE), (0.1, Alarm.WARN), (0.25, Alarm.ACT)],
)
def test_alarms_begin_at_a_tenth_and_at_a_quarter(index: float, asks: Alarm) -> None:
    assert alarm(index) is asks


def test_nothing_to_compare_is_no_figure() -> None:
    assert stability_index(np.empty(0), np.arange(3.0)) is None
    assert stability_index(np.arange(3.0), np.empty(0)) is None


def test_a_feature_that_was_always_missing_can_appear() -> None:
    index = present(stability_index(np.full(100, np.nan), np.arange(100.0)))
    assert alarm(index) is Alarm.ACT
