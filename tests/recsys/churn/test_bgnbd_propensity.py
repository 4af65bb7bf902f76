"""P0 as a propensity: truths, exact reasons, edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.algorithms.lifetime import bgnbd
from recsys.algorithms.lifetime.bgnbd import BgNbd
from recsys.churn import bgnbd_propensity, one_to_one, snapshot
from recsys.churn.bgnbd_propensity import SilentModel
from recsys.churn.features import FEATURES
from recsys.churn.labels import Definition
from recsys.churn.one_to_one import Propensity
from recsys.churn.risk import ChurnQuery, probability
from recsys.churn.snapshot import PLACE
from recsys.data.kinds import Reading
from recsys.data.times import DAY
from recsys.value import lifetime
from tests.present import present
from tests.recsys.churn.worlds import dying_world, person, purchases

AT = 200 * DAY
WORLD = dying_world(500, 260, seed=1).before(AT)
KNOWN = snapshot.of_all(WORLD, "purchase", at=AT)
PACE = BgNbd(0.25, 4.4, 0.8, 2.4, 0.0)
MODEL = SilentModel(PACE, 28, 1.0, 0.0, np.array([10.0, 100.0, 5.0]))


def row(recency: float, tenure: float, days: float) -> np.ndarray:
    features = np.full(len(FEATURES), np.nan)
    features[[PLACE[name] for name in bgnbd_propensity.LOOKED_AT]] = recency, tenure, days
    return features


def test_the_snapshot_knows_all_that_bg_nbd_needs() -> None:
    model = present(bgnbd_propensity.fit(WORLD, KNOWN, at=AT, horizon_days=28))
    bought = lifetime.purchases(WORLD, at=AT)
    direct = bgnbd.fit(bought.repeats).silent(bought.repeats, 4.0)
    said = probability(model.logit(KNOWN[bought.user_row]))
    np.testing.assert_allclose(said, direct, atol=1e-4)


def test_few_users_have_no_p0() -> None:
    few = purchases([1.0, 5.0], [2.0])
    assert (
        bgnbd_propensity.fit(few, snapshot.of_all(few, "purchase", at=AT), at=AT, horizon_days=7)
        is None
    )


@given(
    st.floats(0.5, 300), st.floats(0, 300), st.integers(1, 60), st.floats(0.3, 2), st.floats(-1, 1)
)
def test_reasons_sum_to_the_logit(
    recency: float, more: float, days: int, slope: float, shift: float
) -> None:
    model = MODEL.rescaled(slope=slope, shift=shift)
    x = row(recency, recency + more, days)[None]
    added = model.contributions(x)
    assert model.mean_logit + added.sum() == pytest.approx(model.logit(x)[0], abs=1e-9)


def test_the_usual_user_has_no_reason() -> None:
    np.testing.assert_allclose(MODEL.contributions(row(10, 100, 5)[None]), 0, atol=1e-12)


def test_longer_silence_than_usual_speaks_for_churn() -> None:
    added = MODEL.contributions(row(60, 100, 5)[None])[0]
    assert added[PLACE["recency_days"]] > 0
    assert added[PLACE["tenure_days"]] == 0


def test_a_user_without_a_purchase_is_missing() -> None:
    assert np.isnan(MODEL.logit(np.full((1, len(FEATURES)), np.nan))[0])


def test_rescaling_twice_is_rescaling_once() -> None:
    x = row(30, 90, 3)[None]
    twice = MODEL.rescaled(slope=2.0, shift=0.5).rescaled(slope=0.5, shift=-1.0)
    assert twice.logit(x)[0] == pytest.approx((2 * MODEL.logit(x)[0] + 0.5) * 0.5 - 1)


def test_as_a_rung_it_answers_with_reasons_and_says_what_it_is() -> None:
    model = present(bgnbd_propensity.fit(WORLD, KNOWN, at=AT, horizon_days=28))
    definition = Definition("purchase", 28, 60)
    rung = one_to_one.taken(
        Propensity(model, Reading(WORLD.kinds, "purchase"), definition, 0.1, 1.96), WORLD, at=AT
    )
    someone = person(WORLD.of_user(3), at=AT, row=3)
    answer = rung.answer(someone, ChurnQuery(max_reasons=9))
    assert 0 < answer.low < answer.p < answer.high < 1
    told = {reason.group for reason in (*answer.reasons_for, *answer.reasons_against)}
    assert told <= {"recency", "tenure", "frequency"}
    assert "by BG/NBD P0" in rung.because(someone)
