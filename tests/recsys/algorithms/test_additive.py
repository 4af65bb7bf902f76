"""Additive models: tables equal to the trees they came from, exact reasons."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.algorithms import additive
from recsys.algorithms.additive import AdditiveModel, AdditiveSettings

QUICK = AdditiveSettings(n_trees=25, n_members=3, min_leaf=5)
ONE = AdditiveSettings(n_trees=25, n_members=1, min_leaf=5)


def rows(
    n: int, *, seed: int, n_features: int = 4, missing: float = 0.15
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return rows whose first feature raises, and whose missing second feature lowers, the odds."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, n_features)).round(1).astype(np.float32)
    x[rng.random(x.shape) < missing] = np.nan
    logit = np.nan_to_num(x[:, 0]) * 1.5 - 2.0 * np.isnan(x[:, 1])
    return x, rng.random(n) < 1 / (1 + np.exp(-logit))


X, Y = rows(900, seed=1)
USERS = np.arange(900) // 3
MEMBERS = additive.boosted(X, Y, USERS, QUICK, seed=5, monotone=None)
MODEL = additive.export(MEMBERS, X)
ODD = np.array(
    [[np.nan] * 4, [np.inf] * 4, [-np.inf] * 4, [0.0] * 4, [1e30] * 4, [np.nan, 1, np.nan, -1]],
    np.float32,
)


def test_tables_predict_what_scikit_learn_predicts() -> None:
    unseen, _ = rows(500, seed=2)
    for x in (X, unseen, ODD):
        expected = np.mean([member.decision_function(x) for member in MEMBERS], axis=0)
        np.testing.assert_allclose(MODEL.logit(x), expected, atol=1e-9)


def test_a_value_on_a_threshold_falls_where_scikit_learn_puts_it() -> None:
    for feature, thresholds in enumerate(MODEL.thresholds):
        x = np.zeros((thresholds.size, 4))
        x[:, feature] = np.where(np.isfinite(thresholds), thresholds, 0)
        expected = np.mean([member.decision_function(x) for member in MEMBERS], axis=0)
        np.testing.assert_allclose(MODEL.logit(x), expected, atol=1e-9)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 6), st.sampled_from([0.0, 0.4, 1.0]))
def test_any_fit_is_exported_exactly(seed: int, max_leaves: int, missing: float) -> None:
    x, y = rows(120, seed=seed, missing=missing)
    y[:2] = [True, False]
    asked = AdditiveSettings(n_trees=8, n_members=2, min_leaf=3, max_leaves=max_leaves)
    members = additive.boosted(x, y, np.arange(120), asked, seed=seed, monotone=None)
    expected = np.mean([member.decision_function(x) for member in members], axis=0)
    np.testing.assert_allclose(additive.export(members, x).logit(x), expected, atol=1e-9)


def test_reasons_sum_to_the_logit_minus_the_mean_logit() -> None:
    total = MODEL.contributions(X).sum(axis=1)
    np.testing.assert_allclose(total, MODEL.logit(X) - MODEL.mean_logit, atol=1e-9)
    assert MODEL.logit(X).mean() == pytest.approx(MODEL.mean_logit, abs=1e-9)


def test_one_row_and_many_rows_agree_exactly() -> None:
    for place, row in enumerate(np.concatenate([X[:40], ODD])):
        together = np.concatenate([X[:40], ODD])
        assert MODEL.logit(row[None])[0] == MODEL.logit(together)[place]
        np.testing.assert_array_equal(MODEL.bins(row[None])[0], MODEL.bins(together)[place])


def test_the_spread_is_how_much_members_disagree() -> None:
    off = [member.decision_function(X[:50]) for member in MEMBERS]
    np.testing.assert_allclose(MODEL.spread(X[:50]), np.std(off, axis=0, ddof=1), atol=1e-5)


def test_a_single_member_sees_every_row_once_and_has_no_spread() -> None:
    members = additive.boosted(X, Y, USERS, ONE, seed=1, monotone=None)
    assert [int(tree.nodes["count"][0]) for (tree,) in members[0]._predictors] == [900] * 25
    np.testing.assert_array_equal(additive.export(members, X).spread(X[:3]), np.zeros(3))


def test_the_model_learns_what_drives_the_outcome() -> None:
    strength = np.abs(MODEL.contributions(X)).mean(axis=0)
    assert strength[:2].min() > 2 * strength[2:].max()
    present, absent = np.array([[0.0, 0, 0, 0]]), np.array([[0.0, np.nan, 0, 0]])
    assert MODEL.logit(absent)[0] < MODEL.logit(present)[0]


def test_a_monotone_feature_never_turns() -> None:
    model = additive.fit(X, Y, user_row=USERS, settings=QUICK, seed=5, monotone=[1, 0, 0, 0])
    assert (np.diff(model.values[0, :-1]) >= -1e-12).all()


def test_a_feature_without_a_value_says_nothing() -> None:
    empty = X.copy()
    empty[:, 2] = np.nan
    model = additive.fit(empty, Y, user_row=USERS, settings=QUICK, seed=5)
    np.testing.assert_array_equal(model.values[2], 0)


def test_a_value_that_a_sample_of_users_misses_does_no_harm() -> None:
    rare = X.copy()
    rare[1:, 2] = np.nan
    model = additive.fit(rare, Y, user_row=USERS, settings=QUICK, seed=5)
    assert np.isfinite(model.logit(rare)).all()


def test_rows_that_allow_no_split_give_the_base_rate() -> None:
    model = additive.fit(
        np.zeros((40, 2), np.float32),
        np.arange(40) < 10,
        user_row=np.arange(40),
        settings=ONE,
        seed=1,
    )
    assert 1 / (1 + np.exp(-model.logit(ODD[:1, :2])[0])) == pytest.approx(0.25, abs=1e-6)


def test_rescaling_rescales_logits_reasons_and_spread() -> None:
    scaled = MODEL.rescaled(slope=0.5, shift=2.0)
    np.testing.assert_allclose(scaled.logit(X), 0.5 * MODEL.logit(X) + 2.0, atol=1e-9)
    np.testing.assert_allclose(scaled.contributions(X), 0.5 * MODEL.contributions(X), atol=1e-9)
    np.testing.assert_allclose(scaled.spread(X[:9]), 0.5 * MODEL.spread(X[:9]), atol=1e-5)


def test_the_second_fit_equals_the_first_and_another_seed_does_not() -> None:
    def fitted(seed: int) -> AdditiveModel:
        return additive.fit(X, Y, user_row=USERS, settings=QUICK, seed=seed)

    np.testing.assert_array_equal(fitted(5).values, MODEL.values)
    assert not np.array_equal(fitted(6).logit(X), MODEL.logit(X))


def test_serving_does_not_import_scikit_learn() -> None:
    code = "import sys, recsys.churn.models; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
