"""Guesses are made by models that have not seen the row's user."""

from __future__ import annotations

import numpy as np

from tests.training.policy.worlds import world
from training.policy.held_out import cross_fitted, fold_sums, folds_of
from training.policy.learn import encode
from training.policy.response import sums


def test_folds_keep_users_together_and_are_of_one_size() -> None:
    fold = folds_of(np.repeat(np.arange(100, dtype=np.int32), 5), seed=1)
    assert (fold.reshape(100, 5) == fold[::5, None]).all()
    assert np.bincount(fold).tolist() == [100] * 5


def test_a_guess_never_saw_the_row_it_is_for() -> None:
    log = world(400, seed=7, personal=1.0).log(seed=7)
    encoded = encode(log, categorical=())
    design, fold = encoded.design(log.features), folds_of(log.logged.user_row, seed=1)
    by_fold, base = fold_sums(design, log, fold)
    own, nine = fold == 0, np.full((fold == 0).sum(), 9.0)
    other = sums(design[own], log.logged.action[own], nine, n_arms=len(log.arms))

    first = cross_fitted(encoded, design, log, fold=fold, seen=(by_fold, base))
    again = cross_fitted(encoded, design, log, fold=fold, seen=([other, *by_fold[1:]], base))

    assert np.allclose(again.guess[own], first.guess[own])
    assert (again.guess[~own] != first.guess[~own]).any()
