"""The search for settings, within its budget."""

import numpy as np
import pytest

from tests.training.benchmark.worlds import Quiet, club_lines
from training.benchmark import search as module
from training.benchmark.histories import Taken, hold_out
from training.benchmark.parts import SpectralPartSettings
from training.benchmark.request import Budget
from training.benchmark.search import Found, ValidationPart, asked_users, search


@pytest.fixture(name="ground", scope="module")
def _ground() -> ValidationPart:
    baskets = {line.split()[0]: line.split()[1:] for line in club_lines()}
    taken = Taken.of(baskets)
    held = hold_out(taken.user_row, 0.2, seed=1)
    return ValidationPart.of(taken.histories(~held), taken.histories(held), seed=1, threads=1)


def searched(ground: ValidationPart, trials: int = 3, seconds: float = 60.0) -> Found:
    start = SpectralPartSettings.of_size(480)
    return search([ground], start, Quiet(), k=5, seed=1, budget=Budget(trials, seconds))


def test_one_trial_takes_the_start(ground: ValidationPart) -> None:
    found = searched(ground, trials=1)
    assert found.settings == SpectralPartSettings.of_size(480)
    assert found.tried == 1
    assert found.users == 80
    assert 0 < found.figures["NDCG@5"] < 1


def test_no_trial_begins_when_the_time_is_up(ground: ValidationPart) -> None:
    assert searched(ground, trials=9, seconds=0.0).tried == 1


def test_more_trials_are_never_worse_where_they_are_judged(ground: ValidationPart) -> None:
    reached = [searched(ground, trials=trials).figures["NDCG@5"] for trials in (1, 2, 4)]
    assert reached == sorted(reached)


def test_the_same_search_finds_the_same(ground: ValidationPart) -> None:
    first, second = searched(ground), searched(ground)
    assert first.settings == second.settings
    np.testing.assert_array_equal(first.weights, second.weights)


def test_every_change_changes_something() -> None:
    start = SpectralPartSettings.of_size(800_000)
    for name, change in module.CHANGES:
        assert change(start) != start, name


def test_few_users_are_asked_all_of_whom_want_something(
    ground: ValidationPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "USERS", 10)
    users = asked_users(ground.wanted, seed=4)
    assert len(users) == 10
    assert (np.diff(users) > 0).all()
    assert (np.diff(ground.wanted.indptr)[users] > 0).all()
