"""Logs without pscores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from recsys.evaluation.policy_value import Decisions
from tests.training.policy.worlds import SHARES, world
from training.errors import NotRandomised
from training.policy.encoding import Encoding
from training.policy.learn import encode
from training.policy.log import Log
from training.policy.pscore import balance, with_pscores


def encoded(log: Log) -> Encoding:
    return encode(log, categorical=())


def chosen_by_age(log: Log) -> Log:
    age = log.features["age"].fill_nan(40).to_numpy()
    action = np.where(age > 60, 2, log.logged.action).astype(np.int8)
    return replace(log, logged=replace(log.logged, action=action))


def test_shares_stand_in_for_the_pscores_of_a_uniform_draw_and_it_says_so() -> None:
    log = world(20_000, seed=1, personal=1.0).log(seed=1, pscores=False)
    found = with_pscores(log, encoded(log))
    assert found.logged.pscore == pytest.approx(SHARES[log.logged.action], abs=0.01)
    assert found.notes[-1].startswith("no pscores: the share of each arm is taken for it")


def test_a_log_in_which_somebody_chose_is_refused() -> None:
    log = chosen_by_age(world(5_000, seed=1, personal=1.0).log(seed=1, pscores=False))
    with pytest.raises(NotRandomised, match="features tell which arm was used"):
        with_pscores(log, encoded(log))


def test_pscores_of_the_file_are_left_alone() -> None:
    log = chosen_by_age(world(2_000, seed=1, personal=1.0).log(seed=1))
    assert with_pscores(log, encoded(log)) is log


def test_random_draws_are_hardly_ever_taken_for_choices() -> None:
    chances = []
    for seed in range(200):
        log = world(1_500, seed=seed, personal=1.0).log(seed=seed)
        chances.append(balance(encoded(log).design(log.features), log.logged, n_arms=3))
    assert np.mean(np.array(chances) < 0.05) <= 0.08


def test_an_arm_drawn_once_a_user_is_no_choice() -> None:
    rng = np.random.default_rng(1)
    user = np.repeat(np.arange(300, dtype=np.int32), 20)
    action = rng.integers(0, 2, 300).astype(np.int8)[user]
    features = pl.DataFrame({"age": rng.normal(size=300)[user]})
    log = Log(
        ("a", "b"),
        Decisions(user, action, np.full(6_000, np.nan), action.astype(np.float64)),
        features,
        (),
    )
    assert not np.isnan(with_pscores(log, encoded(log)).logged.pscore).any()
