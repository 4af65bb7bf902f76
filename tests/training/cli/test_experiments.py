"""The command line of experiments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from recsys.cli.clock import now
from recsys.cli.options import settings_of
from recsys.data.times import DAY, HOUR
from recsys.errors import BadQuery, UndecidableExperiment, UnknownExperiment
from recsys.experiments.draw import Running
from recsys.experiments.experiment import read
from recsys.storage.database.open import open_database
from recsys.storage.events.log import EventLog
from recsys.storage.experiments import holdout
from recsys.storage.experiments.participants import ParticipantLog
from recsys.storage.experiments.store import ExperimentStore
from tests.recsys.experiments.cases import TWO_PLACEMENTS, stepping
from tests.recsys.storage.experiments.cases import bought, part
from training.cli.experiments import app


def run(*words: str) -> Result:
    return CliRunner().invoke(app, [*words])


def told(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    address = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("RECSYS_STORAGE__URL", address)
    return address


def filled(url: str) -> int:
    """Run a step down for six weeks in which the rung loses; return how many people were in."""
    database = open_database(url)
    since = now() - 43 * DAY
    store = ExperimentStore(database)
    store.plan("down", read(stepping(epsilon=0.5)), at=since)
    store.start("down", at=since)
    people, events = [], []
    for number in range(2_000):
        variant, at = ("stepped", "kept")[number % 2], since + number
        person = f"u{number}"
        people.append(part(person, variant, at, experiment_id="down", rung="hyper"))
        if number % 10 < (7 if variant == "stepped" else 2):
            events.append(bought(person, at + HOUR))
    ParticipantLog(database).append(people)
    EventLog(database).append(events, now=now())
    database.close()
    return len(people)


def test_an_experiment_has_its_life_on_the_command_line(url: str, tmp_path: Path) -> None:
    database = open_database(url)
    events = [bought(f"u{n}", now() - DAY) for n in range(900)]
    events += [bought(f"v{n}", now() - DAY, kind="view") for n in range(900)]
    EventLog(database).append(events, now=now())
    database.close()
    file = tmp_path / "home.json"
    file.write_text(json.dumps({**TWO_PLACEMENTS, "mde": 0.5}))
    assert "home-test: version 1, planned" in told("plan", "home-test", str(file))
    assert json.loads(told("show", "home-test"))["over"] == "placement"
    assert "version 1 runs" in told("start", "home-test")
    assert "as_is 50%, tea 50%" in told("list")
    assert "no data" in told("report", "home-test")
    assert told("stop", "home-test") == "home-test: stopped\n"
    assert "decided for tea" in told("decide", "home-test", "tea")


def test_the_holdout_is_listed_and_read_by_its_name(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(run("report", "holdout").exception, UnknownExperiment)
    monkeypatch.setenv("RECSYS_EXPERIMENTS__HOLDOUT_PERCENT", "5")
    monkeypatch.setenv("RECSYS_EXPERIMENTS__HOLDOUT_SALT", "any text")
    assert "held_out 50%, answered 50%" in told("list")
    assert "no data" in told("report", "holdout")
    key = made(holdout.configured(settings_of(None))).key
    database, since = open_database(url), now() - 3 * DAY
    about: Any = dict(zip(("experiment_id", "version"), key, strict=True))
    both = [(f"u{n}", ("held_out", "answered")[n % 2]) for n in range(400)]
    ParticipantLog(database).append([part(*one, since, **about) for one in both])
    events = [bought(user, since + HOUR, 9.0) for user, variant in both if variant == "answered"]
    EventLog(database).append([*events, bought(both[0][0], since + HOUR)], now=now())
    database.close()
    found = told("report", "holdout")
    assert "held_out 200, answered 200" in found
    assert "better" in found


def made(of: Running | None) -> Running:
    assert of is not None
    return of


def test_what_eight_weeks_do_not_decide_is_not_started(url: str, tmp_path: Path) -> None:
    file = tmp_path / "home.json"
    file.write_text(json.dumps(TWO_PLACEMENTS))
    told("plan", "home-test", str(file))
    assert isinstance(run("start", "home-test").exception, UndecidableExperiment)


def test_a_rung_that_loses_at_the_horizon_is_taken_out_and_drawn(url: str, tmp_path: Path) -> None:
    filled(url)
    page = tmp_path / "reports" / "down.html"
    assert "taken out" not in told("report", "down")
    said = told("report", "down", "--remove", "--html", str(page))
    assert "rung hyper is taken out: -0.6" in said
    assert "rung hyper was taken out" in told("list")
    drawn = page.read_text()
    assert "<svg" in drawn
    assert "person-weeks" in drawn
    assert isinstance(run("restore", "down").exception, BadQuery)
    told("restore", "hyper")
    assert "taken out" not in told("list")
