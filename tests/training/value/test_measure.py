"""Lifetime value from data to what serves it, on worlds whose truth is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recsys.config import parse
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from recsys.value.models import HORIZONS_DAYS, ValueModels
from tests.present import present
from tests.recsys.churn.worlds import dying_world, person, purchases
from training import value

CONFIG = parse({"training": {"resamples": 200}}, {})
AT = 200 * DAY


@pytest.fixture(scope="module")
def world() -> Interactions:
    return dying_world(700, 300, seed=3)


@pytest.fixture(scope="module")
def fitted(world: Interactions) -> ValueModels:
    return value.fit(world.before(AT), "purchase", CONFIG, at=AT)


def test_every_user_with_an_order_has_a_forecast_for_each_horizon(
    world: Interactions, fitted: ValueModels
) -> None:
    ordered = np.diff(world.before(AT).indptr) > 0
    assert fitted.value.shape == (len(world.users) + 1, len(HORIZONS_DAYS))
    assert np.isfinite(fitted.value[:-1][ordered]).all()
    assert np.isnan(fitted.value[:-1][~ordered]).all()
    assert np.isfinite(fitted.value[-1]).all()


def test_longer_horizons_expect_more_in_all_and_intervals_are_ordered(fitted: ValueModels) -> None:
    totals = np.nansum(fitted.value[:-1], axis=0)
    assert (np.diff(totals) > 0).all()
    known = ~np.isnan(fitted.low)
    assert (fitted.low[known] <= fitted.high[known]).all()


def test_later_events_change_no_forecast(world: Interactions, fitted: ValueModels) -> None:
    later = value.judged(world, "purchase", CONFIG, at=AT, horizon_days=28)
    known = world.where((world.at < AT) | (world.at >= AT + 28 * DAY))
    blind = value.judged(known, "purchase", CONFIG, at=AT, horizon_days=28)
    assert blind["spent"] == 0
    assert blind["normalised_gini"] is None
    assert blind["expected"] == later["expected"]


def test_what_is_judged_is_ranked_well_and_mostly_inside_the_interval(world: Interactions) -> None:
    figures = value.judged(world, "purchase", CONFIG, at=AT, horizon_days=28)
    assert figures["normalised_gini"] > 0.4
    assert abs(figures["bias"]) < 0.3
    assert figures["share_in_interval"] > 0.85
    assert json.dumps(figures, allow_nan=False)


@pytest.mark.parametrize(
    "small", [purchases(), purchases([]), purchases([3.0]), purchases(*[[1.0, 9.0]] * 20)]
)
def test_few_users_are_flagged_and_break_nothing(small: Interactions) -> None:
    models = value.fit(small, "purchase", CONFIG, at=AT)
    assert "few_users" in models.flags
    assert models.pace is None
    someone = person(purchases([100.0]).of_user(0), at=AT, row=None)
    found = present(models.answer(someone))
    assert found.expected == ()


def test_under_a_year_seasons_are_unknown_and_with_one_they_are_not(fitted: ValueModels) -> None:
    assert "seasons_unknown" in fitted.flags
    year = dying_world(400, 420, seed=5)
    assert "seasons_unknown" not in value.fit(year, "purchase", CONFIG, at=421 * DAY).flags


def test_a_world_where_nobody_quits_is_flagged() -> None:
    rng = np.random.default_rng(1)
    paces = rng.uniform(3, 20, 400)
    always = purchases(*(np.arange(1, 190, pace).tolist() for pace in paces))
    assert "no_dropout_seen" in value.fit(always, "purchase", CONFIG, at=190 * DAY).flags
