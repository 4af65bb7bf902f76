"""Windows that have closed: what was said of them, and what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from recsys.churn import labels
from recsys.churn.models import ChurnModels
from recsys.data.ids import IdMap
from recsys.data.times import DAY
from tests.present import present
from tests.recsys.churn.worlds import dying_world
from tests.training.churn.test_measure import churn_choice, configured, data, quick, silent
from tests.worlds import World
from training import churn
from training.churn import backtest
from training.churn.backtest import ANEW, Matured
from training.churn.choose import Candidate
from training.cli.evaluate import judge_churn
from training.report import churn_backtest as page
from training.segments import fit_table

__all__ = ["quick"]

WORLD = data(dying_world(700, 240, seed=6))
CONFIG = configured(cutoffs=3)


@pytest.fixture(scope="module")
def tests(quick: Mapping[str, Candidate]) -> list[Matured]:
    return list(backtest.trained_anew(WORLD, CONFIG, windows=3, progress=silent))


def test_windows_do_not_overlap_and_have_closed(tests: list[Matured]) -> None:
    assert len(tests) == 3
    ends = [test.at + test.horizon_days * DAY for test in tests]
    assert ends[0] <= WORLD.interactions.end
    assert [test.at for test in tests[:-1]] == ends[1:]


@pytest.mark.usefixtures("quick")
def test_what_was_said_looked_at_nothing_later(tests: list[Matured]) -> None:
    last = tests[0]
    happened = WORLD.interactions
    drop = (happened.at >= last.at) & (happened.user_row % 2 == 0)
    drop[np.argmax(happened.at)] = False
    other = replace(WORLD, interactions=happened.where(~drop))
    again = next(iter(backtest.trained_anew(other, CONFIG, windows=1, progress=silent)))
    np.testing.assert_array_equal(again.p, last.p)
    assert again.churned.mean() > last.churned.mean()


def test_users_who_quit_are_ranked_and_compared_with_the_simple_scores(
    tests: list[Matured],
) -> None:
    for test in tests:
        assert test.source == ANEW
        assert test.auc is not None
        assert test.auc.value > 0.6
        assert test.auc_recency is not None
        assert test.auc_p0 is not None
        assert test.ece is not None
        assert sum(part.n for part in test.reliability()) == len(test.p)
    assert sum(part.n for part in backtest.pooled(tests)) == sum(len(t.p) for t in tests)


def version(at: int) -> ChurnModels:
    """Return what a version trained at `at` would have to say."""
    known = WORLD.before(at)
    choice = churn.define(known.interactions, CONFIG)
    choice = replace(choice, candidate=next(iter(churn_choice.CANDIDATES)))
    table = fit_table(known, CONFIG, at=at)
    return churn.fit(known, table, choice, CONFIG, at=at)


USERS = WORLD.interactions.users


@pytest.mark.usefixtures("quick")
def test_a_version_is_judged_by_what_it_had_said() -> None:
    at = 200 * DAY
    models = version(at)
    found = present(backtest.of_version("20000101-abc", models, USERS, WORLD, CONFIG))
    assert models.one_to_one is not None
    assert (found.source, found.at) == ("20000101-abc", at)
    test = labels.labelled(WORLD.interactions, labels.Definition("purchase", 14, 42), at=at)
    np.testing.assert_array_equal(found.churned, test.churned)
    np.testing.assert_array_equal(found.p, models.one_to_one.p[test.user_row].astype(float))


@pytest.mark.usefixtures("quick")
def test_a_version_whose_window_is_open_is_not_judged_yet() -> None:
    assert backtest.of_version("v", version(232 * DAY), USERS, WORLD, CONFIG) is None


@pytest.mark.usefixtures("quick")
def test_users_that_nobody_knows_any_more_are_left_out() -> None:
    strangers = IdMap.of(f"x{row:05}" for row in range(len(USERS)))
    assert backtest.of_version("v", version(200 * DAY), strangers, WORLD, CONFIG) is None


def test_data_that_begin_too_late_have_no_window() -> None:
    nothing = data(dying_world(3, 12, seed=1))
    found = list(backtest.trained_anew(nothing, CONFIG, windows=4, progress=silent))
    assert len(found) <= 1
    assert page.drawn([]) == ()


def test_the_page_and_the_tables_tell_every_window(tests: list[Matured], tmp_path: Path) -> None:
    file = tmp_path / "in" / "backtest.html"
    page.write(tests, file)
    text = file.read_text(encoding="utf-8")
    assert text.count("<svg") == 2 + len(tests)
    assert "season unknown" in text
    out = Console(file=StringIO(), width=200)
    out.print(page.table(tests), page.calibration(tests))
    shown = out.file.getvalue()  # type: ignore[attr-defined]
    assert shown.count(ANEW) == len(tests)


def test_the_command_judges_what_is_in_the_log(world: World, tmp_path: Path) -> None:
    out = Console(file=StringIO(), width=200)
    judge_churn(world.config, out, windows=1, report_file=tmp_path / "backtest.html")
    assert ANEW in out.file.getvalue()  # type: ignore[attr-defined]
    assert (tmp_path / "backtest.html").exists()
