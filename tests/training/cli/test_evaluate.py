"""`recsys evaluate` and `recsys compare` as a person runs them, on versions that were trained."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recsys.config import Items
from recsys.config import Training as TrainingSection
from recsys.data.times import DAY
from recsys.storage.events.event import Event
from recsys.storage.models.errors import UnknownVersion
from recsys.storage.models.store import ModelStore
from tests.training.test_pipeline import opened, trained
from tests.worlds import END, World
from training.cli.evaluate import app

PIECES = "[items]\ntest_days = 40\nat_k = 5\n[training]\nresamples = 200\n"


@pytest.fixture(scope="module", name="versions")
def _versions(built_world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return _trained_twice(built_world.copy(tmp_path_factory.getbasetemp() / "compared"))


def _trained_twice(world: World) -> tuple[str, str]:
    settings = {"training": TrainingSection(resamples=200)}
    plain = world.config.model_copy(update={"items": Items(at_k=5, test_days=40), **settings})
    deaf = plain.model_copy(
        update={"items": Items(at_k=5, test_days=40, min_history=10_000), **settings}
    )
    with opened(plain) as log:
        return trained(plain, log).version, trained(deaf, log).version


@pytest.fixture(autouse=True)
def _own_folder(
    built_world: World,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path_factory.getbasetemp() / "compared"
    storage = f'[storage]\nurl = "sqlite:///{folder}/events.db"\nmodels_dir = "{folder}/models"\n'
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECSYS_CONFIG", raising=False)
    Path("recsys.toml").write_text(storage + PIECES)


def run(*command: str) -> Result:
    return CliRunner().invoke(app, command)


@pytest.mark.parametrize("command", ["evaluate", "backtest"])
def test_a_pause_before_the_last_days_is_warned_of(
    built_world: World, tmp_path: Path, command: str
) -> None:
    world = built_world.copy(tmp_path / "paused")
    late = END + 365 * DAY
    with opened(world.config) as log:
        log.append([Event("late", "u01", "purchase", late, item_id="i01", value=3.0)], now=late)
    Path("recsys.toml").write_text(f'[storage]\nurl = "{world.config.storage.url}"\n' + PIECES)
    told = run(command, "--windows", "1", "--report", "page.html").output
    warning = "nothing happened between 2025-12-31 and 2027-01-01: the last 40 days"
    assert told.count(warning) == 1


def rows(result: Result) -> dict[str, list[str]]:
    first = result.output.split("rungs above popular")[0]
    lines = (line.split() for line in first.splitlines())
    return {line[0]: line[1:] for line in lines if line}


def test_two_trained_versions_are_compared_on_the_same_users(versions: tuple[str, str]) -> None:
    result = run("compare", *versions)
    assert result.exit_code == 0, result.exception
    items = rows(result)["items"]
    assert items[0] == "NDCG@5"
    assert float(items[1]) > float(items[2])
    assert float(items[3]) == pytest.approx(float(items[2]) - float(items[1]), abs=2e-4)
    assert float(items[5].strip("]")) < 0
    assert items[-3:] == ["the", "same", "users"]


def test_it_is_said_which_rungs_each_version_serves(versions: tuple[str, str]) -> None:
    said = run("compare", *versions).output.split("rungs above popular that serve")[1]
    served = {line.split()[0]: line for line in said.splitlines() if line.strip()}
    assert "one_to_one" in served["items"]
    assert served["channel"].split() == ["channel", "none", "none"]


def test_a_version_does_not_differ_from_itself(versions: tuple[str, str]) -> None:
    items = rows(run("compare", versions[0], versions[0]))["items"]
    assert items[3:6] == ["0.0000", "[0.0000,", "0.0000]"]


def test_an_unknown_version_is_told(versions: tuple[str, str]) -> None:
    assert isinstance(run("compare", versions[0], "yesterday").exception, UnknownVersion)


def test_a_window_is_judged_printed_and_drawn_and_nothing_is_registered(
    versions: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = ModelStore(tmp_path_factory.getbasetemp() / "compared" / "models")
    before = [entry.version for entry in store.list()]
    result = run("evaluate", "--windows", "1", "--report", "drawn/page.html")
    assert result.exit_code == 0, result.exception
    for words in ("rung by rung", "bought_before", "head", "tail", "alike", "hyper", "Gini"):
        assert words in result.output
    assert "</html>" in Path("drawn/page.html").read_text(encoding="utf-8")
    assert [entry.version for entry in store.list()] == before
