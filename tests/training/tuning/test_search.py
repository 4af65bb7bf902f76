"""The search: where it looks, what it keeps, when it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from recsys.data.times import DAY
from recsys.errors import NothingToLearnFrom
from tests.present import present
from tests.training.items.test_measure import CONFIG, data, silent
from tests.training.items.test_ranker import MOVING
from tests.training.tuning.worlds import BAD
from training.items.windows import window
from training.tuning.judging import judged, stretches
from training.tuning.search import SearchBudget, SearchResult, Study
from training.tuning.space import applied

WORLD = MOVING
BADLY_SET = applied(CONFIG, BAD)
PARTS = stretches(WORLD, CONFIG, windows=1)


def study(folder: Path, *, seed: int = 7) -> Study:
    return Study(PARTS.search, BADLY_SET, seed=seed, folder=folder)


def run(
    folder: Path,
    trials: int,
    *,
    seconds: float = 1e9,
    clock: Callable[[], float] = lambda: 0.0,
    resume: bool = False,
) -> SearchResult:
    return study(folder).run(
        SearchBudget(trials, seconds),
        clock=clock,
        progress=silent,
        finished=lambda _: None,
        resume=resume,
    )


@pytest.fixture(scope="module", name="three")
def _three(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    return run(tmp_path_factory.mktemp("three"), 3)


def test_nothing_in_the_test_window_can_change_what_is_searched_on() -> None:
    test = window(WORLD, CONFIG)
    own = WORLD.interactions
    other = np.where(own.at >= test.cutoff, 17, own.item_row).astype(np.int32)
    planted = replace(WORLD, interactions=replace(own, item_row=other))
    theirs = stretches(planted, CONFIG, windows=2)
    for mine, planted_too in zip(
        (PARTS.confirm, *stretches(WORLD, CONFIG, windows=2).search),
        (theirs.confirm, *theirs.search),
        strict=True,
    ):
        assert mine.interactions.end <= test.cutoff
        np.testing.assert_array_equal(mine.interactions.item_row, planted_too.interactions.item_row)
        np.testing.assert_array_equal(mine.interactions.at, planted_too.interactions.at)


def test_the_search_never_sees_the_window_that_confirms() -> None:
    confirming = window(PARTS.confirm, CONFIG)
    assert all(seen.interactions.end <= confirming.cutoff for seen in PARTS.search)
    assert len(confirming.wanted) > 0


def test_windows_end_where_the_data_do() -> None:
    assert 1 <= len(stretches(WORLD, CONFIG, windows=50).search) <= 4


def test_too_few_windows_are_told() -> None:
    few = data([(0, 1, 0), (1, 2, 3 * CONFIG.items.test_days)])
    with pytest.raises(NothingToLearnFrom, match=r"items\.test_days"):
        stretches(few, CONFIG, windows=1)


def test_at_most_so_many_users_are_judged_the_same_each_time() -> None:
    scores = [judged(PARTS.confirm, BADLY_SET, progress=silent, most_users=9) for _ in range(2)]
    np.testing.assert_array_equal(scores[0].user_row, scores[1].user_row)
    assert len(scores[0].ndcg) == 9
    assert scores[0].window_start == PARTS.confirm.interactions.end - 20 * DAY


def test_the_settings_in_force_are_the_first_trial(three: SearchResult) -> None:
    first = three.trials[0]
    assert first.values["items.model.half_life_days"] == 1500
    assert first.values["items.model.regularization"] == 200


def test_the_search_finds_better_than_bad_settings(three: SearchResult) -> None:
    assert len(three.trials) == 3
    assert three.best is not None
    assert present(three.best.figure) == max(present(trial.figure) for trial in three.trials)
    assert present(three.best.figure) > three.present + 0.05


def test_the_same_seed_tries_the_same_and_another_seed_something_else(
    three: SearchResult, tmp_path: Path
) -> None:
    assert run(tmp_path / "again", 3) == three
    other = study(tmp_path / "other", seed=8).run(
        SearchBudget(3, 1e9),
        clock=lambda: 0.0,
        progress=silent,
        finished=lambda _: None,
        resume=False,
    )
    assert other.trials[1].values != three.trials[1].values


def test_a_resumed_search_keeps_what_was_tried_and_goes_on(tmp_path: Path) -> None:
    begun = run(tmp_path, 1)
    resumed = run(tmp_path, 2, resume=True)
    assert resumed.trials[:1] == begun.trials
    assert len(resumed.trials) == 2
    assert resumed.present == begun.present
    assert len(run(tmp_path, 1, resume=False).trials) == 1


def test_a_trial_that_was_killed_is_neither_waited_for_nor_counted(tmp_path: Path) -> None:
    run(tmp_path, 1)
    killed = study(tmp_path)._opened()
    killed.ask()
    resumed = run(tmp_path, 2, resume=True)
    assert len(resumed.trials) == 2
    states = [trial.state for trial in study(tmp_path)._opened().trials]
    assert states == [TrialState.COMPLETE, TrialState.FAIL, TrialState.COMPLETE]


def test_it_ends_when_the_time_is_over(tmp_path: Path) -> None:
    ticks = iter([0.0, 30.0, 61.0])
    found = run(tmp_path, 50, seconds=60, clock=lambda: next(ticks))
    assert len(found.trials) == 2


def test_other_data_settings_or_seeds_are_another_search(tmp_path: Path) -> None:
    files = {
        study(tmp_path).file,
        study(tmp_path, seed=8).file,
        Study(PARTS.search, CONFIG, seed=7, folder=tmp_path).file,
        Study((PARTS.confirm,), BADLY_SET, seed=7, folder=tmp_path).file,
    }
    assert len(files) == 4


optuna.logging.set_verbosity(optuna.logging.WARNING)
