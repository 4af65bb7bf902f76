"""The answer about one user."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.churn import risk
from recsys.churn.bands import Band, Bands
from recsys.churn.features import FEATURES, GROUPS
from recsys.churn.risk import ChurnRisk, RiskReason

WHY = (
    RiskReason("recency", "long ago", 0.5),
    RiskReason("spend", "little", -0.7),
    RiskReason("rhythm", "often", 0.9),
    RiskReason("tenure", "new", 0.0),
)


def test_reasons_are_split_by_sign_strongest_first() -> None:
    answer = ChurnRisk.of((0.4, 0.3, 0.5), 61.2, 28, Bands(), WHY, max_reasons=3)
    assert [reason.group for reason in answer.reasons_for] == ["rhythm", "recency"]
    assert [reason.group for reason in answer.reasons_against] == ["spend"]
    assert (answer.score, answer.band) == (61, Band.MEDIUM)


def test_no_more_reasons_than_asked() -> None:
    answer = ChurnRisk.of((0.4, 0.3, 0.5), 61.2, 28, Bands(), WHY, max_reasons=1)
    assert [reason.group for reason in answer.reasons_for] == ["rhythm"]


@given(st.lists(st.floats(-3, 3), min_size=len(FEATURES), max_size=len(FEATURES)))
def test_group_reasons_sum_to_the_contributions_of_all_features(added: list[float]) -> None:
    seen = np.ones((1, len(FEATURES)), np.float32)
    (reasons,) = risk.reasons(seen, np.array([added]), "purchase")
    assert sum(reason.contribution for reason in reasons) == pytest.approx(sum(added), abs=1e-9)
    assert [reason.group for reason in reasons] == [group.name for group in GROUPS]


@given(st.lists(st.floats(-3, 3), min_size=len(FEATURES), max_size=len(FEATURES)))
def test_the_strongest_reasons_are_those_of_all(added: list[float]) -> None:
    seen = np.ones((1, len(FEATURES)), np.float32)
    whole, few = (
        ChurnRisk.of((0.4, 0.3, 0.5), 61.2, 28, Bands(), each, max_reasons=2)
        for most in (None, 2)
        for each in risk.reasons(seen, np.array([added]), "purchase", most=most)
    )
    assert whole == few


def test_percentiles_count_ties_half() -> None:
    among = np.array([0.1, 0.2, 0.2, 0.9])
    assert risk.percentile(np.array([0.0, 0.1, 0.2, 1.0]), among).tolist() == [0, 12.5, 50, 100]


def test_with_nobody_to_compare_with_the_percentile_is_the_middle() -> None:
    assert risk.percentile(np.array([0.3]), np.empty(0)).tolist() == [50.0]


@given(st.floats(-8, 8), st.floats(0, 3))
def test_the_interval_holds_the_probability(logit: float, sd: float) -> None:
    p, low, high = risk.interval(np.array([logit]), np.array([sd]), z=1.96)[:, 0]
    assert 0 <= low <= p <= high <= 1
