"""The command line of placements."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recsys.__main__ import app
from recsys.errors import BadRule, UnknownPlacement
from recsys.storage.models.errors import NoChampion
from tests.worlds import World


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["placements", *words])


def told(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def home(here: World) -> Path:
    file = here.folder / "home.json"
    file.write_text(json.dumps({"pins": [{"item_id": "i30", "rank": 1}], "limit": 4}))
    return file


def test_what_was_put_is_listed_and_shown(home: Path) -> None:
    assert told("put", "home", str(home)) == "home: version 1\n"
    assert told("put", "home", str(home)) == "home: version 1\n"
    home.write_text('{"limit": 7}')
    assert told("put", "home", str(home)) == "home: version 2\n"
    listed = told("list")
    assert "default" in listed
    assert "home" in listed
    assert json.loads(told("show", "home"))["limit"] == 7
    assert json.loads(told("show", "home", "--version", "1"))["limit"] == 4


def test_what_a_file_would_show_is_previewed_without_saving_it(home: Path) -> None:
    lines = told("preview", "home", "--file", str(home), "--user", "u05").splitlines()
    first = next(line for line in lines if line.lstrip().startswith("1 "))
    assert "i30" in first
    assert "pins[0]" in first
    assert any(line.startswith("rung one_to_one: ") for line in lines)
    assert isinstance(run("preview", "home").exception, UnknownPlacement)


def test_the_default_is_previewed_for_nobody(here: World) -> None:
    assert "rung popular" in told("preview", "default", "--limit", "3")


def test_a_field_that_the_catalogue_does_not_have_is_refused(here: World, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text('{"caps": {"brand": 1}}')
    found = run("put", "home", str(file))
    assert isinstance(found.exception, BadRule)
    assert "placement.caps.brand" in str(found.exception)


def test_before_the_first_model_there_is_nothing_to_preview(
    here: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RECSYS_STORAGE__MODELS_DIR", str(tmp_path / "none"))
    assert isinstance(run("preview", "default").exception, NoChampion)
