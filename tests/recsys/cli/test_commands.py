"""How commands are found: by name, one at a time, from wherever packages register them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from recsys.__main__ import app, said
from recsys.cli import commands
from recsys.cli.commands import GROUP, RegisteredCommands
from recsys.errors import BadQuery, UnknownItem

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEAVY = {
    "rich",
    "alembic", "fastapi", "implicit", "matplotlib", "numpy", "optuna", "pandas", "polars",
    "pyarrow", "pydantic_settings", "scipy", "sklearn", "sqlalchemy", "uvicorn",
}  # fmt: skip


def told(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, prog_name="recsys")
    assert result.exit_code == 0
    return result.output


def loaded_by(*arguments: str) -> set[str]:
    script = (
        "import sys; from recsys.__main__ import main; sys.argv[0] = 'recsys'\n"
        "try: main()\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    return set(done.stderr.split())


def test_every_command_of_the_project_is_there() -> None:
    assert set(RegisteredCommands()) >= set(PROJECT["entry-points"][GROUP])
    assert "train" in told("--help")


@pytest.mark.parametrize("arguments", [("--help",), ("config",), ("--version",)])
def test_what_fits_or_serves_is_not_loaded_to_look_around(arguments: tuple[str, ...]) -> None:
    loaded = loaded_by(*arguments)
    assert "typer" in loaded
    assert not HEAVY & loaded


def test_an_import_loads_nothing_that_fits_models() -> None:
    loaded = loaded_by("import", "no-such.csv")
    assert "training.importing.events" in loaded
    assert not {"sklearn", "scipy", "pandas", "implicit"} & loaded


def test_a_command_loads_no_other_command() -> None:
    loaded = loaded_by("train", "--help")
    assert "training.cli.train" in loaded
    assert not any(name.startswith("api") for name in loaded)


GROUPS = [(), *((n,) for n, one in RegisteredCommands().items() if hasattr(one, "commands"))]


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_the_summary_of_every_command_fits_in_a_line(group: tuple[str, ...]) -> None:
    assert "..." not in told(*group, "--help").split("Commands:")[1]


@pytest.mark.parametrize("name", sorted(RegisteredCommands()))
def test_every_command_reads_well(name: str) -> None:
    command = RegisteredCommands()[name]
    of_group = [("--help",), *((sub, "--help") for sub in getattr(command, "commands", ()))]
    for arguments in of_group:
        text = told(name, *arguments)
        assert "\\b" not in text
        assert f"Usage: recsys {name}" in text
        assert max(map(len, text.splitlines())) <= 80
    if not hasattr(command, "commands"):
        assert "Example: " in told(name, "--help")


def test_a_package_may_add_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    added = EntryPoint("weather", "training.cli.train:app", GROUP)
    monkeypatch.setattr(commands, "entry_points", lambda group: [added] if group == GROUP else [])
    assert {"weather", "train"} <= set(RegisteredCommands())


def test_a_command_that_does_not_exist_is_one_line_with_the_nearest() -> None:
    result = CliRunner().invoke(app, ["trian"])
    assert result.exit_code == 2
    assert result.output.splitlines()[-1] == "Error: No such command 'trian'. Did you mean 'train'?"


def test_the_version_is_that_of_the_project() -> None:
    assert told("--version") == f"recsys {PROJECT['version']}\n"
    assert get_command(app).name == "recsys"


def test_what_goes_wrong_on_purpose_is_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "recsys", "config", "--config", str(tmp_path / "nowhere.toml")],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot read ")
    assert len(done.stderr.splitlines()) == 1


def test_a_mistake_calls_an_option_as_it_was_given() -> None:
    wrong = BadQuery("within_days", 0, "from 1")
    assert said(wrong, ["growth", "--within-days=0"]) == "--within-days is 0; allowed: from 1"
    assert said(wrong, ["growth"]) == "within_days is 0; allowed: from 1"
    assert said(UnknownItem("tea"), ["--tea"]) == str(UnknownItem("tea"))
