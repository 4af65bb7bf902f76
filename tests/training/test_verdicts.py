"""A rung is judged for each kind of person, by people of that kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys.config import Training
from recsys.data.person import PersonKind
from recsys.ladder import RungName, Standing, Verdict
from tests.present import present
from training.verdicts import FEWEST, Gains, highest, verdict

ASKED = Training(resamples=500)
HISTORY, NEW = PersonKind.HISTORY, PersonKind.NEW_LIVE


def gains(kind: PersonKind, mean: float, *, n: int = 200, seed: int = 1) -> Gains:
    drawn = np.random.default_rng(seed).normal(0, 1, n)
    figure = mean + (drawn - drawn.mean()) / drawn.std()
    first = 0 if kind is HISTORY else 10_000
    return Gains(np.arange(first, first + n), np.full(n, kind, object), figure)


def judged(*parts: Gains, may_try: bool = True) -> Verdict:
    pooled = Gains.pooled(list(parts))
    return verdict(RungName.HYPER, {}, "NDCG@20", pooled, ASKED, may_try=may_try)


def test_a_verdict_on_others_does_not_keep_a_rung_from_people_whom_it_serves_better() -> None:
    found = judged(gains(HISTORY, -0.3), gains(NEW, 0.5))
    assert found.shipped
    assert found.standing(HISTORY) is Standing.OUT
    assert found.standing(NEW) is Standing.SHIPPED
    assert "new_with_events: shipped" in found.why


def test_a_rung_that_serves_some_worse_is_not_shipped_to_them_because_of_others() -> None:
    found = judged(gains(HISTORY, 0.5), gains(NEW, -0.3))
    assert found.standing(NEW) is Standing.OUT


@pytest.mark.parametrize(("mean", "standing"), [
    (0.09, Standing.TRIAL), (0.01, Standing.OUT), (-0.2, Standing.OUT),
])  # fmt: skip
def test_what_is_likely_better_but_not_clearly_is_tried(mean: float, standing: Standing) -> None:
    assert judged(gains(NEW, mean)).standing(NEW) is standing


def test_where_a_trial_tells_nothing_what_is_clear_of_all_stands_for_each() -> None:
    parts = gains(HISTORY, 0.5), gains(NEW, 0.05)
    assert judged(*parts, may_try=False).standing(NEW) is Standing.SHIPPED
    assert judged(gains(NEW, 0.1), may_try=False).standing(NEW) is Standing.OUT


def test_a_few_people_are_not_enough_to_ship_for() -> None:
    few = Gains(np.arange(FEWEST - 1), np.full(FEWEST - 1, NEW, object), 0.5 + gains(
        NEW, 0.0, n=FEWEST - 1).gain / 10)  # fmt: skip
    assert judged(few).standing(NEW) is Standing.TRIAL


@pytest.mark.parametrize(("shift", "standing"), [(0.0, Standing.TRIAL), (-1.0, Standing.OUT)])
def test_a_few_people_are_tried_where_it_is_clear_of_others_and_not_unlikely_of_them(
    shift: float, standing: Standing
) -> None:
    few = gains(NEW, shift, n=FEWEST - 1)
    assert judged(gains(HISTORY, 0.5), few).standing(NEW) is standing


def test_people_who_were_never_met_get_what_was_shipped_for_others_on_trial() -> None:
    found = judged(gains(HISTORY, 0.5))
    assert found.standing(PersonKind.THIN) is Standing.TRIAL
    assert judged(gains(HISTORY, -0.5)).standing(PersonKind.THIN) is Standing.OUT


def test_where_nothing_is_tried_people_who_were_never_met_get_what_others_do() -> None:
    found = judged(gains(HISTORY, 0.5), may_try=False)
    assert found.standing(PersonKind.THIN) is Standing.SHIPPED
    assert judged(gains(HISTORY, -0.5), may_try=False).standing(PersonKind.THIN) is Standing.OUT


def test_windows_of_one_user_are_one_piece_of_evidence() -> None:
    once = gains(HISTORY, 0.1)
    thrice = Gains.pooled([once, once, once])
    assert len(thrice.per_user()) == len(once.gain)
    assert present(judged(thrice).lift).low == pytest.approx(present(judged(once).lift).low)


def test_whoever_a_rung_does_not_apply_to_does_not_judge_it() -> None:
    some = gains(HISTORY, 0.5)
    some.gain[:50] = np.nan
    found = judged(some)
    assert found.lift is not None
    assert found.lift.n == 150


def test_each_kind_is_compared_with_what_it_would_otherwise_get() -> None:
    shipped = judged(gains(HISTORY, 0.5), gains(NEW, -0.3))
    below = {RungName.SEGMENT: replace(shipped, rung=RungName.SEGMENT)}
    assert highest(below, HISTORY) is RungName.SEGMENT
    assert highest(below, NEW) is RungName.POPULAR


def test_outcomes_that_never_vary_ship_nothing() -> None:
    same = replace(gains(HISTORY, 0.5), outcome=np.ones(200))
    found = verdict(RungName.HYPER, {}, "x", same, ASKED, may_try=True)
    assert found.standing(HISTORY) is Standing.OUT
