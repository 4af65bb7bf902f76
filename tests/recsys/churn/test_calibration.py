"""Level and steepness of log-odds."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.algorithms.additive import AdditiveModel
from recsys.churn import calibration
from recsys.churn.calibration import CALIBRATIONS, Calibration
from recsys.churn.labels import Labelled
from recsys.churn.risk import probability

RNG = np.random.default_rng(3)
LOGIT = RNG.normal(0, 1.5, 20_000)
HAPPENED = RNG.random(20_000) < probability(2 * LOGIT - 1)


def identity_model() -> AdditiveModel:
    """Return a model of one feature whose logit is -1 below 0 and 1 above."""
    return AdditiveModel(
        0.0,
        np.array([[0.0]]),
        np.array([[-1.0, 1.0, 0.0]]),
        np.zeros(1),
        np.zeros((0, 1, 3), np.float32),
    )


def rows(low_rate: float, high_rate: float, n: int = 1000) -> Labelled:
    happened = np.concatenate([np.arange(n) < low_rate * n, np.arange(n) < high_rate * n])
    x = np.repeat([[-1.0], [1.0]], n, axis=0).astype(np.float32)
    return Labelled(x, happened, np.arange(2 * n, dtype=np.int32), np.zeros(2 * n, np.int64))


def test_the_level_makes_the_mean_what_was_seen() -> None:
    shift = calibration.level(LOGIT, HAPPENED)
    assert probability(LOGIT + shift).mean() == pytest.approx(HAPPENED.mean(), abs=1e-4)


def test_steepness_finds_the_true_line() -> None:
    slope, shift = calibration.steepness(LOGIT, HAPPENED)
    assert slope == pytest.approx(2, abs=0.06)
    assert shift == pytest.approx(-1, abs=0.06)


@pytest.mark.parametrize("happened", [np.zeros(50, bool), np.ones(50, bool)])
def test_one_class_only_stays_finite(happened: np.ndarray) -> None:
    assert np.isfinite(calibration.level(np.zeros(50), happened))
    assert np.isfinite(calibration.steepness(np.linspace(-1, 1, 50), happened)).all()


def test_separable_rows_stay_finite() -> None:
    logit = np.linspace(-3, 3, 40)
    assert np.isfinite(calibration.steepness(logit, logit > 0)).all()


@pytest.mark.parametrize("kind", CALIBRATIONS)
def test_reasons_sum_to_the_calibrated_logit(kind: Calibration) -> None:
    model = calibration.calibrated(identity_model(), kind, rows(0.1, 0.6))
    x = np.array([[-1.0], [1.0]])
    total = model.contributions(x).sum(1) + model.mean_logit
    np.testing.assert_allclose(total, model.logit(x), atol=1e-12)


def test_platt_brings_both_groups_to_their_rates() -> None:
    model = calibration.calibrated(identity_model(), "platt", rows(0.1, 0.6))
    said = probability(model.logit(np.array([[-1.0], [1.0]])))
    np.testing.assert_allclose(said, [0.1, 0.6], atol=1e-3)


def test_none_leaves_the_model_alone() -> None:
    model = identity_model()
    assert calibration.calibrated(model, "none", rows(0.1, 0.6)) is model


def test_the_level_spread_is_how_much_cutoffs_differ() -> None:
    first, second = rows(0.2, 0.2), rows(0.4, 0.4)
    flat = identity_model().rescaled(slope=0.0, shift=0.0)
    both = Labelled(
        np.concatenate([first.features, second.features]),
        np.concatenate([first.churned, second.churned]),
        np.concatenate([first.user_row, second.user_row]),
        np.concatenate([first.at, second.at + 1]),
    )
    shifts = np.log([0.2 / 0.8, 0.4 / 0.6])
    assert calibration.level_spread(flat, both) == pytest.approx(np.std(shifts, ddof=1), abs=1e-4)
    assert calibration.level_spread(flat, first) == 0.0
