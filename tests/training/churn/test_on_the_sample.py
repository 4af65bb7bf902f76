"""The churn question on the shipped real data."""

from __future__ import annotations

from typing import Any

import pytest

from recsys.config import parse
from recsys.ladder import RungName
from tests.training.churn.test_measure import silent
from tests.training.items.test_on_the_sample import online_retail
from training import churn

pytestmark = pytest.mark.slow

CONFIG = parse({"churn": {"horizon_days": 90, "active_days": 120, "test_cutoff": "2011-09-09"}}, {})


@pytest.fixture(scope="module")
def measured() -> Any:
    return churn.measure(online_retail(), CONFIG, progress=silent)


def test_the_usage_interval_of_online_retail_is_112_days(measured: Any) -> None:
    assert measured[0].interval.days == pytest.approx(112, abs=1)


def test_the_horizon_comes_out_at_90_days_where_none_is_configured() -> None:
    assert churn.define(online_retail().interactions, parse({}, {})).definition.horizon_days == 90


def test_the_population_is_the_published_one(measured: Any) -> None:
    metrics = measured[1].metrics
    assert metrics["n_users"] == pytest.approx(2260, abs=20)
    assert metrics["churn_rate"] == pytest.approx(0.331, abs=0.005)


def test_the_own_propensity_reaches_the_promised_auc(measured: Any) -> None:
    models = measured[1].metrics["models"]
    assert models["additive"]["auc"]["value"] >= 0.73
    assert models["additive"]["ece"]["value"] <= 0.06
    assert models["additive"]["auc"]["value"] > models["rfm_segment"]["auc"]["value"]
    assert models["rfm_segment"]["auc"]["value"] > models["recency"]["auc"]["value"] > 0.58


def test_segments_and_own_propensities_are_shipped(measured: Any) -> None:
    verdicts = measured[1].verdicts
    assert verdicts[RungName.SEGMENT].shipped
    assert verdicts[RungName.ONE_TO_ONE].shipped
