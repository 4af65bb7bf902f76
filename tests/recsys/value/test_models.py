"""What a user was worth and will be worth: truths, laws, edges."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from recsys.algorithms.lifetime.bgnbd import BgNbd, RepeatCounts
from recsys.algorithms.lifetime.gamma_gamma import GammaGamma
from recsys.data.interactions import NO_EVENTS, UserEvents
from recsys.data.kinds import Reading
from recsys.data.times import DAY
from recsys.storage.models import artifact
from recsys.value import lifetime
from recsys.value.lifetime import LifetimeModel, Purchases
from recsys.value.models import HORIZONS_DAYS, ValueModels
from tests.present import present
from tests.recsys.churn.worlds import KINDS, PURCHASE, person, purchases, table

AT = 100 * DAY
PACE = BgNbd(0.25, 4.4, 0.8, 2.4, 0.0)
WORTH = GammaGamma(6.0, 4.0, 15.0, 0.0)
LIFETIMES = LifetimeModel(PACE, WORTH, 30.0)


def models(**changes: object) -> ValueModels:
    """Return two users, the second without an order, and somebody new."""
    known, nothing, new = [1.0, 2.0, 3.0], [np.nan] * 3, [0.5, 0.6, 0.7]
    orders = np.array([known, nothing, new], np.float32)
    made = ValueModels(
        reading=Reading(KINDS, "purchase"),
        taken_at=AT,
        pace=PACE,
        orders=orders,
        value=orders * 10,
        low=orders * 0,
        high=orders * 100,
        how=("a", "b", "c"),
        flags=("seasons_unknown",),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def bought(*days: float) -> UserEvents:
    return purchases(list(days)).of_user(0)


def test_what_was_is_counted_up_to_now_and_what_will_be_from_the_snapshot() -> None:
    someone = person(bought(80, 90.2, 90.7), at=AT + DAY, row=0, live=bought(100.5))
    found = present(models().answer(someone))
    assert (found.historic, found.order_days) == (40.0, 3)
    assert found.order_value == pytest.approx(40 / 3)
    assert found.usual_days == 10.0
    assert [each.days for each in found.expected] == list(HORIZONS_DAYS)
    assert [each.orders for each in found.expected] == [1.0, 2.0, 3.0]
    assert found.expected[1].value == 20.0
    assert "own history" in found.because


def test_returns_are_taken_off() -> None:
    kinds = np.array([PURCHASE, KINDS.index("return")], np.int8)
    events = table(1, np.zeros(2, int), np.array([90.0, 95.0]), kinds, np.array([40.0, 15.0]))
    found = present(models().answer(person(events.of_user(0), at=AT, row=0)))
    assert (found.historic, found.order_value) == (25.0, 40.0)


@pytest.mark.parametrize("row", [None, 1])
def test_a_first_order_since_the_snapshot_is_worth_what_a_newcomer_is(row: int | None) -> None:
    found = present(models().answer(person(NO_EVENTS, at=AT + DAY, row=row, live=bought(100.5))))
    assert [each.orders for each in found.expected] == pytest.approx([0.5, 0.6, 0.7])
    assert "first order" in found.because


def test_without_an_order_nothing_is_said() -> None:
    found = present(models().answer(person(NO_EVENTS, at=AT, row=1)))
    assert (found.expected, found.order_value, found.usual_days) == ((), None, None)
    assert found.next_order_at is None
    assert "no purchase so far" in found.because


def test_without_consent_there_is_no_value() -> None:
    someone = structs.replace(person(bought(90), at=AT, row=0), profiling=False)
    assert models().answer(someone) is None


def test_where_users_are_few_there_is_neither_interval_nor_next_order() -> None:
    blank = np.full((3, 3), np.nan, np.float32)
    few = models(pace=None, low=blank, high=blank)
    found = present(few.answer(person(bought(90, 95), at=AT, row=0)))
    assert found.next_order_at is None
    assert all(each.low is None and each.high is None for each in found.expected)


def test_the_next_order_is_expected_at_even_odds() -> None:
    of = RepeatCounts(
        np.array([0.0, 3.0, 9.0]), np.array([0.0, 8.0, 9.0]), np.array([1.0, 9.0, 60.0])
    )
    t = PACE.even_odds(of)
    some = np.isfinite(t)
    assert some.tolist() == [True, True, False]
    for user in np.flatnonzero(some):
        own = RepeatCounts(of.x[user : user + 1], of.t_x[user : user + 1], of.T[user : user + 1])
        assert PACE.silent(own, float(t[user]))[0] == pytest.approx(0.5)


def test_a_regular_buyer_is_expected_soon_and_a_lapsed_one_never() -> None:
    regular = models().answer(person(bought(*range(30, 100, 7)), at=AT, row=0))
    lapsed = models().answer(person(bought(1, 3, 5, 7, 9, 11), at=AT, row=0))
    assert regular is not None
    assert regular.next_order_at is not None
    assert AT < regular.next_order_at < AT + 21 * DAY
    assert lapsed is not None
    assert lapsed.next_order_at is None


@given(st.integers(0, 20), st.floats(0, 60), st.floats(0, 60))
def test_the_drawn_mean_is_the_expected_one(x: int, t_x: float, more: float) -> None:
    one = np.ones(4_000)
    of = RepeatCounts(one * x, one * (t_x if x else 0.0), one * (t_x + more))
    drawn = PACE.drawn(of, [4.0, 12.0], draws=10, rng=np.random.default_rng(1))
    assert (drawn[1] >= drawn[0]).all()
    single = RepeatCounts(of.x[:1], of.t_x[:1], of.T[:1])
    expected = PACE.expected(single, 12.0)[0]
    assert drawn[1].mean() == pytest.approx(expected, abs=4 * drawn[1].std() / 200 + 1e-3)


def test_the_interval_covers_what_comes_in_the_world_of_the_model() -> None:
    rng = np.random.default_rng(2)
    n = 4_000
    x = rng.integers(1, 6, n).astype(np.float64)
    of = Purchases(
        np.arange(n), RepeatCounts(x, x * 2.0, x * 2 + 3), rng.uniform(5, 50, n), np.full(n, 20.0)
    )
    low, high = LIFETIMES.spread(of, days=(90,), confidence=0.9, seed=1)
    # drawn by the generator of another seed: the coverage of a predictive interval is its level
    orders = PACE.drawn(of.repeats, [90 / 7], draws=1, rng=rng)
    came = WORTH.drawn(x, of.repeat_value, orders, rng=rng)[0, :, 0]
    covered = np.mean((came >= low[0]) & (came <= high[0]))
    assert 0.88 <= covered <= 0.98


def test_without_gamma_gamma_the_interval_is_of_the_number_of_orders() -> None:
    of = lifetime.purchases(purchases(*[[10, 40, 70]] * 5), at=AT)
    low, high = LifetimeModel(PACE, None, 10.0).spread(of, days=(30, 365), confidence=0.9, seed=1)
    assert (low <= high).all()
    assert (high[1] >= high[0]).all()
    assert np.allclose(low % 5.0, 0.0)


def test_saving_and_loading_change_no_answer(tmp_path: Path) -> None:
    loaded = artifact.read(tmp_path, ValueModels, artifact.write(tmp_path, models()))
    someone = person(bought(80, 90), at=AT, row=0)
    assert loaded.answer(someone) == models().answer(someone)
