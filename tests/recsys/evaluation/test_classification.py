"""Metrics of probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from recsys.evaluation import classification
from recsys.evaluation.classification import METRICS, Predictions, ReliabilityBin
from tests.present import present

SAID = np.array([0.1, 0.4, 0.35, 0.8])
SEEN = np.array([False, False, True, True])

cases = st.lists(
    st.tuples(st.booleans(), st.integers(0, 20), st.integers(0, 3)), min_size=4, max_size=60
).filter(lambda rows: {True, False} == {yes for yes, _, weight in rows if weight})


def columns(rows: list[tuple[bool, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    seen, said, weight = (np.array(column) for column in zip(*rows, strict=True))
    return seen, said / 20, weight.astype(np.float64)


@given(cases)
def test_ranking_metrics_agree_with_scikit_learn_with_ties_and_weights(
    rows: list[tuple[bool, int, int]],
) -> None:
    seen, said, weight = columns(rows)
    assert classification.auc(seen, said, weight) == pytest.approx(
        metrics.roc_auc_score(seen, said, sample_weight=weight)
    )
    assert classification.average_precision(seen, said, weight) == pytest.approx(
        metrics.average_precision_score(seen, said, sample_weight=weight)
    )


@given(cases)
def test_proper_scores_agree_with_scikit_learn(rows: list[tuple[bool, int, int]]) -> None:
    seen, said, weight = columns(rows)
    said = 0.05 + 0.9 * said
    assert classification.brier(seen, said, weight) == pytest.approx(
        metrics.brier_score_loss(seen, said, sample_weight=weight)
    )
    assert classification.log_loss(seen, said, weight) == pytest.approx(
        metrics.log_loss(seen, said, sample_weight=weight)
    )


@given(cases, st.sampled_from(sorted(METRICS)))
def test_a_weight_of_two_is_the_row_twice(rows: list[tuple[bool, int, int]], name: str) -> None:
    if name == "ece":
        return  # a row cannot straddle two bins, two rows can
    seen, said, weight = columns(rows)
    times = weight.astype(int)
    assert METRICS[name](seen, said, weight) == pytest.approx(
        METRICS[name](np.repeat(seen, times), np.repeat(said, times), None)
    )


@given(cases, st.sampled_from(sorted(METRICS)), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    rows: list[tuple[bool, int, int]], name: str, random: object
) -> None:
    if name == "ece":
        return  # ties at the edge of a bin may fall on both sides
    seen, said, weight = columns(rows)
    order = np.arange(len(rows))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert METRICS[name](seen[order], said[order], weight[order]) == pytest.approx(
        METRICS[name](seen, said, weight)
    )


def test_auc_counts_pairs_in_the_right_order() -> None:
    assert classification.auc(SEEN, SAID) == 0.75


def test_auc_of_one_score_for_all_is_a_half() -> None:
    assert classification.auc(SEEN, np.full(4, 0.3)) == 0.5


@pytest.mark.parametrize("name", ["auc", "pr_auc", "lift_at_10_percent"])
def test_ranking_cannot_be_told_when_nothing_happened(name: str) -> None:
    assert np.isnan(METRICS[name](np.zeros(4, bool), SAID, None))


def test_auc_cannot_be_told_when_everything_happened() -> None:
    assert np.isnan(classification.auc(np.ones(4, bool), SAID))


def test_log_loss_of_a_certain_mistake_is_finite() -> None:
    assert np.isfinite(classification.log_loss(np.array([True]), np.array([0.0])))


def test_lift_of_the_top_tenth() -> None:
    seen = np.arange(100) < 20
    said = np.where(np.arange(100) < 10, 0.9, 0.1)
    assert classification.lift_at_top(seen, said) == pytest.approx(5.0)


def test_lift_of_all_tied_is_one() -> None:
    assert classification.lift_at_top(np.arange(100) < 20, np.full(100, 0.2)) == pytest.approx(1.0)


def test_calibration_error_of_the_truth_is_small_and_of_a_shift_is_the_shift() -> None:
    rng = np.random.default_rng(1)
    said = rng.uniform(0.2, 0.7, 50_000)
    seen = rng.random(50_000) < said
    assert classification.calibration_error(seen, said) < 0.01
    assert classification.calibration_error(seen, said + 0.2) == pytest.approx(0.2, abs=0.005)


def test_reliability_bins_hold_equally_many() -> None:
    said = np.linspace(0, 1, 20)
    bins = classification.reliability(said > 0.5, said)
    assert [part.n for part in bins] == [2] * 10
    assert bins[-1].seen == 1.0
    assert [part.said for part in bins] == sorted(part.said for part in bins)


def test_few_rows_make_few_bins() -> None:
    bins = classification.reliability(np.array([True]), np.array([0.3]))
    assert bins == (ReliabilityBin(0.3, 1.0, 1),)


def test_the_lift_curve_goes_from_nobody_to_everybody() -> None:
    curve = classification.lift_curve(np.arange(10) < 5, np.linspace(1, 0, 10), points=2)
    assert curve == ((0.0, 0.0), (0.5, 1.0), (1.0, 1.0))


def test_nothing_happened_has_no_lift_curve() -> None:
    assert classification.lift_curve(np.zeros(3, bool), np.ones(3)) == ()


def measured(forecast: Predictions, name: str = "auc") -> object:
    return classification.measured(METRICS[name], forecast, seed=1, resamples=400)


def test_the_interval_holds_the_value_and_is_repeatable() -> None:
    rng = np.random.default_rng(2)
    said = rng.random(500)
    forecast = Predictions(rng.random(500) < said, said, np.arange(500, dtype=np.int32))
    for name in METRICS:
        estimate = present(classification.measured(METRICS[name], forecast, seed=1, resamples=300))
        assert estimate.low < estimate.high
        assert estimate.n == 500
        assert estimate == classification.measured(METRICS[name], forecast, seed=1, resamples=300)


def test_rows_of_one_user_are_drawn_together() -> None:
    rng = np.random.default_rng(3)
    said = rng.random(100)
    seen = rng.random(100) < said
    rows = np.arange(100, dtype=np.int32)
    once = classification.measured(METRICS["auc"], Predictions(seen, said, rows), seed=1)
    copies = Predictions(np.tile(seen, 9), np.tile(said, 9), np.tile(rows, 9))
    nine_times = classification.measured(METRICS["auc"], copies, seed=1)
    assert once is not None
    assert nine_times is not None
    assert nine_times.low == pytest.approx(once.low, abs=0.02)
    assert nine_times.n == 100


def test_one_user_or_one_class_has_no_interval() -> None:
    one_user = np.zeros(4, np.int32)
    assert measured(Predictions(SEEN, SAID, one_user)) is None
    assert measured(Predictions(np.ones(4, bool), SAID, np.arange(4, dtype=np.int32))) is None
    assert measured(Predictions(SEEN[:0], SAID[:0], one_user[:0])) is None
