"""What segments are like, where it is known by construction."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from recsys.churn.features import FEATURES
from recsys.churn.snapshot import PLACE
from recsys.segments import lifecycle, rfm
from tests.worlds import World
from training import churn, segments
from training.event_log import open_log
from training.load import load
from training.segments import figures, fit_table
from training.segments.fit import Grouping


@pytest.fixture(scope="module")
def grouped(built_world: World) -> Grouping:
    config = built_world.config
    with open_log(config) as log:
        data = load(log, config)
    at = data.interactions.end
    table = fit_table(data, config, at=at)
    choice = churn.define(data.interactions, config)
    models = churn.fit(data, table, choice, config, at=at)
    return segments.fit(data, table, models, config, at=at)


def test_families_that_divide_all_users_divide_all_the_money(grouped: Grouping) -> None:
    for family in ("rfm", "lifecycle", "country"):
        shares = [
            p.revenue_share for p in grouped.groups.portraits if p.name.split(":")[0] == family
        ]
        # one user has no country
        assert sum(share or 0 for share in shares) == pytest.approx(1, abs=1e-3)


def test_every_segment_has_a_portrait(grouped: Grouping) -> None:
    names = grouped.groups.names
    assert names[: len(rfm.NAMES)] == tuple(f"rfm:{name}" for name in rfm.NAMES)
    assert {f"lifecycle:{state}" for state in lifecycle.STATES} <= {*names}
    assert {"country:France", "country:Germany"} <= {*names}


def test_nobody_was_new_in_the_period_to_come(grouped: Grouping) -> None:
    groups = grouped.groups
    then = {p.name: p for p in groups.portraits}
    stages = [then[f"lifecycle:{state}"] for state in lifecycle.STATES]
    before = groups.transitions[:5].sum(1).tolist()
    assert [p.repurchase_users for p in stages] == before
    came_back = groups.transitions[:5, :3].sum(1)
    for portrait, n, back in zip(stages, before, came_back.tolist(), strict=True):
        assert portrait.repurchase == (pytest.approx(back / n) if n else None)


def test_the_metrics_are_plain(grouped: Grouping) -> None:
    metrics = grouped.metrics
    assert np.array(metrics["transitions"]).shape == (6, 5)
    assert len(metrics["portraits"]) == len(grouped.groups.portraits)


def test_the_cells_of_the_map_hold_the_segments_of_the_portraits(grouped: Grouping) -> None:
    cells = grouped.metrics["grid"]
    assert len(cells) == 25
    for portrait in grouped.groups.portraits[: len(rfm.NAMES)]:
        inside = [c["users"] for c in cells if f"rfm:{c['segment']}" == portrait.name]
        assert sum(inside) == portrait.users


def test_without_an_own_propensity_no_churn_is_told(grouped: Grouping) -> None:
    assert {p.churn for p in grouped.groups.portraits} == {None}
    assert {p.churn_users for p in grouped.groups.portraits} == {0}


def test_only_active_users_have_a_churn_to_speak_of() -> None:
    features = np.zeros((3, len(FEATURES)), np.float32)
    features[:, PLACE["recency_days"]] = (5, 40, np.nan)
    own = SimpleNamespace(features=features, p=np.array([0.2, 0.9, np.nan], np.float32))
    models: Any = SimpleNamespace(one_to_one=own, definition=SimpleNamespace(active_days=30))
    assert np.allclose(figures.own_churn(models, 3), [0.2, np.nan, np.nan], equal_nan=True)
