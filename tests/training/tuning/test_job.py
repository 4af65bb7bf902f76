"""The winner is written only where a window that the search never saw says so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.present import present
from tests.training.items.test_measure import CONFIG, silent
from tests.training.items.test_ranker import MOVING
from tests.training.tuning.worlds import BAD, GOOD
from tests.worlds import World
from training.cli.tune import app
from training.tuning.job import Tuned, confirmed
from training.tuning.judging import stretches
from training.tuning.search import SearchResult, Trial
from training.tuning.space import Values, applied

PARTS = stretches(MOVING, CONFIG, windows=1)


def outcome(in_force: Values, best: Values, *, before: float = 0.1, figure: float = 0.9) -> Tuned:
    found = SearchResult(before, (Trial(0, best, figure),))
    return confirmed(PARTS, found, applied(CONFIG, in_force), progress=silent)


def test_clearly_better_settings_are_better() -> None:
    tuned = outcome(BAD, GOOD)
    assert tuned.better
    assert present(tuned.gain).low > 0.02
    gained = present(tuned.after) - present(tuned.before)
    assert gained == pytest.approx(present(tuned.gain).value)


def test_a_lucky_search_is_not_enough() -> None:
    tuned = outcome(GOOD, BAD)
    assert not tuned.better
    assert present(tuned.gain).high < 0


def test_the_settings_in_force_do_not_beat_themselves() -> None:
    tuned = outcome(GOOD, GOOD)
    assert present(tuned.gain).value == 0
    assert not tuned.better


def test_without_a_better_trial_nothing_is_confirmed() -> None:
    tuned = outcome(BAD, GOOD, before=0.9, figure=0.5)
    assert tuned.gain is None
    assert not tuned.better
    assert not confirmed(PARTS, SearchResult(0.1, ()), CONFIG, progress=silent).better


def tuned(world: World, *options: str) -> str:
    lines = [f'[storage]\nurl = "{world.config.storage.url}"', "[items]\ntest_days = 40\nat_k = 5"]
    Path("recsys.toml").write_text("\n".join(["# ours", *lines, "[training]\nresamples = 200\n"]))
    result = CliRunner().invoke(app, [*options, "--windows", "1"], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_the_command_says_what_it_did_and_does_only_that(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECSYS_CONFIG", raising=False)
    said = tuned(world, "--trials", "2")
    evidence = json.loads(Path("reports/tuning.json").read_text())
    file = Path("recsys.toml").read_text()
    assert file.startswith("# ours\n")
    assert evidence["written"] == ("written to recsys.toml" in said) == ("tuned:" in file)
    assert evidence["written"] != ("nothing is written" in said)
    assert len(evidence["trials"]) == 2
    assert "confirm on the window after those (not counted in --minutes)" in said
    assert re.search(r"in force: NDCG@5 \d\.\d{4}", said)
    assert "of 3 trials" in tuned(world, "--trials", "3", "--resume")
