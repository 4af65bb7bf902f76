"""The level of a forecast follows what earlier windows brought."""

from __future__ import annotations

import numpy as np
import pytest

from training.forecast.level import FEW_ORDERS, SEASON, SEASON_DAYS, Closed, level


def test_what_models_missed_before_is_made_up_for() -> None:
    closed = [Closed(100.0, 130.0, 1e9), Closed(100.0, 110.0, 1e9)]
    found = level(50.0, 0.0, closed, season_seen=True, days=90)
    assert found.factor == pytest.approx(1.2)
    assert found.doubt == 1.0


def test_few_orders_correct_little() -> None:
    found = level(50.0, 0.0, [Closed(100.0, 400.0, FEW_ORDERS)], season_seen=True, days=90)
    assert found.factor == pytest.approx(3**0.5)


def test_a_season_not_seen_puts_the_level_half_way_to_past_rates_and_in_doubt() -> None:
    found = level(100.0, 121.0, [Closed(1.0, 1.0, 1e9)], season_seen=False, days=90)
    assert [found.factor, found.doubt] == pytest.approx([1.1, SEASON])


@pytest.mark.parametrize("rate", [1e-6, 1e6])
def test_a_season_moves_a_total_only_so_far(rate: float) -> None:
    found = level(1.0, rate, [], season_seen=False, days=365)
    assert abs(np.log(found.factor)) == pytest.approx(np.log(SEASON) / 2)


def test_a_season_moves_a_short_window_less() -> None:
    found = level(1.0, 1e6, [], season_seen=False, days=SEASON_DAYS // 3)
    assert found.factor == pytest.approx(SEASON ** (1 / 6))
    assert found.doubt == pytest.approx(SEASON ** (1 / 3))


def test_where_nothing_is_said_nothing_is_corrected() -> None:
    assert level(0.0, 9.0, [], season_seen=False, days=90).factor == 1.0
    assert level(1.0, 0.0, [Closed(1.0, 0.0, 9.0)], season_seen=False, days=90).factor == 1.0
