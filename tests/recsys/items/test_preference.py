"""The 1:1 model: neighbours or factors, plus repeats, tilted towards demand."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.algorithms import als
from recsys.algorithms.als import AlsFactors, AlsSettings
from recsys.algorithms.neighbours import ItemNeighbours
from recsys.items.history import History
from recsys.items.preference import Taste, demand
from tests.recsys.items.shop import AT, EVERYTHING, N_ITEMS, WEIGHTS, allowed, interactions, models

TABLE = interactions()
Base = AlsFactors | ItemNeighbours


def bases() -> list[Base]:
    histories = WEIGHTS.histories(TABLE, at=AT)
    return [
        models().neighbours,
        als.fit(histories, AlsSettings(2, alpha=10.0, regularization=0.1), seed=7),
    ]


def history(user: int) -> History:
    return WEIGHTS.past(TABLE.of_user(user), at=AT)


@pytest.fixture(params=[0, 1], ids=["neighbours", "als"], name="base", scope="module")
def _base(request: pytest.FixtureRequest) -> Base:
    base: Base = bases()[request.param]
    return base


def test_repeats_and_the_rest_of_the_club_come_first(base: Base) -> None:
    items, _, _ = Taste(base, np.ones(N_ITEMS, np.float32)).rank(history(0), None, 4)
    assert set(items.tolist()) == {0, 1, 2, 3}
    assert items.tolist()[-1] == 0


def test_contributions_add_up_to_the_score(base: Base) -> None:
    taste = Taste(base, np.linspace(1, 2, N_ITEMS, dtype=np.float32))
    carried = taste.explain(history(0), np.arange(N_ITEMS, dtype=np.int32))
    np.testing.assert_allclose(carried.sum(axis=0), taste.score(history(0)), rtol=1e-4, atol=1e-5)


def test_demand_lifts_what_is_taken_now(base: Base) -> None:
    tilt = demand(np.array([0, 0, 0, 50.0, 0, 0, 0, 0]), EVERYTHING, exponent=2.0)
    assert Taste(base, tilt).rank(history(1), None, 1)[0].tolist() == [3]


def test_what_is_not_available_is_never_ranked(base: Base) -> None:
    tilt = demand(np.zeros(N_ITEMS), allowed(0, 1), exponent=0.3)
    assert set(Taste(base, tilt).rank(history(0), None, 8)[0].tolist()) <= {0, 1}


def test_an_item_is_its_own_reason_where_repeats_are_worth_much() -> None:
    weights = replace(WEIGHTS, own=50.0)
    taken = weights.past(TABLE.of_user(0), at=AT)
    items, _, because = Taste(models().neighbours, np.ones(N_ITEMS, np.float32)).rank(
        taken, None, 3
    )
    assert items.tolist() == because.tolist()


def test_the_reason_is_the_history_item_that_adds_most(base: Base) -> None:
    taste = Taste(base, np.ones(N_ITEMS, np.float32))
    items, _, because = taste.rank(history(0), None, 4)
    carried = taste.explain(history(0), items)
    assert because.tolist() == [history(0).item_row[row] for row in carried.argmax(axis=0)]


def test_an_empty_history_ranks_nothing(base: Base) -> None:
    items, score, because = Taste(base, np.ones(N_ITEMS, np.float32)).rank(history(13), None, 5)
    assert len(items) == len(score) == len(because) == 0


def test_without_an_exponent_demand_is_only_availability() -> None:
    assert demand(np.array([3.0, 9.0]), np.array([True, False]), exponent=0.0).tolist() == [1, 0]
