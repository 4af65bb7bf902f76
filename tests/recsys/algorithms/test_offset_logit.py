"""What the hour, and other things, do to the log odds of a response."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.algorithms.offset_logit import Prior, mode

NOBODY = np.empty(0)


def test_without_messages_priors_are_told() -> None:
    hours, others = mode(
        NOBODY.astype(np.int64),
        np.empty((0, 2)),
        NOBODY,
        NOBODY.astype(bool),
        (Prior(), Prior(mean=1.0, sd=0.5)),
    )
    assert hours == pytest.approx(np.zeros(24))
    assert others == pytest.approx([0.0, 1.0])


def test_effects_are_found_again() -> None:
    rng = np.random.default_rng(1)
    hour, other = rng.integers(0, 24, 40_000), rng.normal(0, 1, (40_000, 1))
    wave = np.cos((np.arange(24) - 9) * 2 * np.pi / 24)
    p = 1 / (1 + np.exp(2.0 - wave[hour] + 0.3 * other[:, 0]))
    hours, others = mode(hour, other, np.full(40_000, -2.0), rng.random(40_000) < p, (Prior(),))
    assert np.abs(hours - wave).max() < 0.25
    assert others == pytest.approx([-0.3], abs=0.05)


def test_columns_of_any_scale_do_not_lead_astray() -> None:
    rng = np.random.default_rng(2)
    hour = rng.integers(8, 21, 4_000)
    far = np.where(hour < 18, 1.0, -9.0)[:, None] + rng.normal(0, 2, (4_000, 1))
    hours, others = mode(
        hour, far, np.full(4_000, -3.0), rng.random(4_000) < 0.05, (Prior(1.0, 0.5),)
    )
    assert np.abs(others).max() < 0.1
    assert np.abs(hours).max() < 0.5
