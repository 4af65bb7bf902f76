"""Purchases as lifetimes see them, and what is expected of users."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.data.times import DAY
from recsys.value import lifetime
from recsys.value.lifetime import LifetimeModel
from tests.recsys.churn.worlds import dying_world, purchases, table


def test_purchases_are_days_and_times_are_weeks_since_the_first() -> None:
    user_row = np.array([0, 0, 0, 0, 2], np.int32)
    day = np.array([0.1, 0.9, 7.5, 21.0, 14.0])
    value = np.array([1.0, 2.0, 30.0, 50.0, 7.0])
    seen = lifetime.purchases(table(3, user_row, day, value=value), at=28 * DAY)
    assert seen.user_row.tolist() == [0, 2]
    assert seen.repeats.x.tolist() == [2, 0]
    assert seen.repeats.t_x.tolist() == [3, 0]
    assert seen.repeats.T.tolist() == [4, 2]
    assert seen.repeat_value.tolist() == [40, 0]
    assert seen.first_value.tolist() == [3, 7]


def test_nobody_is_nobody() -> None:
    seen = lifetime.purchases(purchases([], []), at=DAY)
    assert len(seen) == 0
    assert seen.too_few


def test_few_users_or_few_repeaters_are_too_few() -> None:
    once = lifetime.purchases(purchases(*[[1.0]] * 400), at=9 * DAY)
    assert "0 repeaters" in once.too_few
    both = lifetime.purchases(purchases(*[[1.0, 3.0]] * 100, *[[1.0]] * 250), at=9 * DAY)
    assert not both.too_few


@pytest.fixture(scope="module")
def fitted() -> tuple[lifetime.Purchases, LifetimeModel, float]:
    world = dying_world(2_000, 360, seed=3)
    seen = lifetime.purchases(world.before(270 * DAY), at=270 * DAY)
    later = world.between(270 * DAY, 360 * DAY)
    return seen, lifetime.fit(seen), float(len(later))


def test_the_level_of_orders_is_what_came(
    fitted: tuple[lifetime.Purchases, LifetimeModel, float],
) -> None:
    seen, model, came = fitted
    assert model.expected_orders(seen, days=90).sum() == pytest.approx(came, rel=0.15)


def test_where_everybody_spends_the_same_an_order_is_worth_that(
    fitted: tuple[lifetime.Purchases, LifetimeModel, float],
) -> None:
    seen, model, _ = fitted
    assert model.order_value(seen) == pytest.approx(np.full(len(seen), 10.0), rel=0.02)


def test_without_gamma_gamma_a_users_mean_is_shrunk_by_one_purchase() -> None:
    seen = lifetime.purchases(purchases([1.0, 5.0], [2.0]), at=9 * DAY)
    model = lifetime.fit(seen)
    assert model.value is None
    shrunk = LifetimeModel(model.orders, None, 40.0).order_value(seen)
    assert shrunk.tolist() == [20.0, 25.0]
