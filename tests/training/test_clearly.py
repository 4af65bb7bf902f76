"""Clearly better, or maybe by chance."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.config import Training
from training.measurement import clearly_above

SETTINGS = Training(resamples=200)
NOISE = np.random.default_rng(4).normal(size=400)


@pytest.mark.parametrize(("gain", "clear"), [(0.5, True), (0.0, False), (-0.5, False)])
def test_only_a_gain_that_chance_does_not_explain_is_clear(gain: float, clear: bool) -> None:
    assert clearly_above(gain + NOISE - NOISE.mean(), np.zeros(400), SETTINGS) is clear


def test_who_has_no_figure_does_not_count() -> None:
    figure = np.where(np.arange(400) < 200, 1.0, np.nan)
    assert clearly_above(figure + 0.01 * NOISE, np.zeros(400), SETTINGS)


@pytest.mark.parametrize("figures", [[], [1.0], [np.nan, 1.0]])
def test_one_user_makes_nothing_clear(figures: list[float]) -> None:
    assert not clearly_above(np.array(figures), np.zeros(len(figures)), SETTINGS)
