"""The groupings of the shipped real data."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.config import parse
from recsys.segments import lifecycle
from tests.training.items.test_on_the_sample import online_retail
from training.segments import clusters, fit_table

pytestmark = pytest.mark.slow


def test_the_content_of_online_retail_makes_clusters_that_hold() -> None:
    data = online_retail()
    critical = data.interactions.of_kind("purchase")
    found = clusters.cluster(critical, data.catalogue, seed=7)
    assert found.clusters is not None
    last = found.tried[-1]
    assert last.k == len(found.clusters.names)
    assert last.stability >= 0.8
    assert last.smallest >= 0.02
    assert not any(each.holds for each in found.tried[:-1])


def test_lifecycle_and_rfm_divide_the_same_users() -> None:
    data = online_retail()
    at = data.interactions.end
    critical = data.interactions.of_kind("purchase")
    stages = lifecycle.states(critical.at, critical.indptr, at=at, period_days=112)
    table = fit_table(data, parse({}, {}), at=at)
    assert np.array_equal(stages >= 0, table.user_segment >= 0)
    moves = lifecycle.transitions(critical.at, critical.indptr, at=at, period_days=112)
    assert moves.sum() == (stages >= 0).sum()
