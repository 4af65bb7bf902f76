"""Warnings that the level may be off, from the past alone."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from recsys.churn import labels, warnings
from recsys.churn.labels import Definition
from recsys.churn.warnings import BaseRate
from recsys.data.times import DAY, micros
from tests.recsys.churn.worlds import dying_world


def day(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_a_season_that_was_not_seen_a_year_before_is_said() -> None:
    said = warnings.season(begin=day("2010-12-01"), at=day("2011-09-09"), horizon_days=90)
    assert said == (
        "season unknown: 2011-09-09 to 2011-12-07 has not been seen a year before, the data begin "
        "2010-12-01"
    )


def test_a_season_that_was_seen_is_not() -> None:
    assert not warnings.season(begin=day("2010-09-08"), at=day("2011-09-09"), horizon_days=90)


def rate(at: int, n: int, churned: float) -> BaseRate:
    return BaseRate(at * DAY, n, churned)


def test_a_level_that_moves_by_more_than_chance_is_said_in_order_of_time() -> None:
    said = warnings.moved((rate(0, 2_000, 0.30), rate(90, 2_000, 0.32), rate(180, 2_000, 0.42)))
    assert said == "the base rate moves: 30% (1970-01-01), 42% (1970-06-30)"


@pytest.mark.parametrize(
    "rates",
    [
        (),
        (rate(0, 50, 0.3),),
        (rate(0, 50, 0.3), rate(9, 50, 0.45)),
        (rate(0, 1_000_000, 0.30), rate(9, 1_000_000, 0.32)),
    ],
    ids=["none", "one", "chance", "clear but small"],
)
def test_a_level_that_hardly_moves_is_not(rates: tuple[BaseRate, ...]) -> None:
    assert warnings.moved(rates) == ""


def test_base_rates_are_of_closed_windows_earliest_first() -> None:
    world = dying_world(200, 200, seed=1)
    rows = labels.closed(world, Definition("purchase", 14, 28), until=150 * DAY, n=3)
    rates = warnings.base_rates(rows)
    assert [each.at for each in rates] == sorted(set(rows.at.tolist()))
    assert rates[-1].churned == rows.latest().churned.mean()
    assert warnings.base_rates(labels.NOTHING) == ()


def test_a_model_and_p0_that_disagree_on_the_level_are_said() -> None:
    assert "50%" in warnings.apart(np.full(9, 0.5), np.full(9, 0.4))
    assert warnings.apart(np.full(9, 0.5), np.full(9, 0.49)) == ""
