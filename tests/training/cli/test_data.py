"""The commands that bring data in."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recsys.config import Config, parse
from recsys.errors import UnreadableFile
from recsys.storage.database.open import open_database
from recsys.storage.users.consents import Consents, holding
from recsys.storage.users.profiles import Profiles
from training.cli.data import app
from training.errors import MissingColumn

runner = CliRunner()


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECSYS_CONFIG", raising=False)


def run(*arguments: str) -> Result:
    return runner.invoke(app, arguments)


def test_a_file_is_imported_and_reported() -> None:
    Path("e.csv").write_text("user_id,item_id,at\nann,tea,2020-01-01\n,pot,2020-01-01\n")
    result = run("import", "e.csv")
    assert result.exit_code == 0
    assert "new events" in result.output
    assert "no_user" in result.output
    assert Path("var/recsys.db").exists()


def test_a_file_without_a_usable_row_ends_with_1() -> None:
    Path("e.csv").write_text("user_id,item_id,at\n,tea,2020-01-01\n")
    assert run("import", "e.csv").exit_code == 1


def test_importing_again_is_no_failure() -> None:
    Path("e.csv").write_text("user_id,item_id,at\nann,tea,2020-01-01\n")
    assert [run("import", "e.csv").exit_code for _ in range(2)] == [0, 0]


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--items", "item_id,title\ntea,Tea\n"),
        ("--users", "user_id,country\nann,Norway\n"),
        ("--consents", "user_id,purpose,state,at\nann,profiling,denied,2020-01-01\n"),
    ],
)
def test_profiles_are_imported(option: str, text: str) -> None:
    Path("p.csv").write_text(text)
    assert run("import", option, "p.csv").exit_code == 0
    database = open_database(Config().storage.url)
    profiles = Profiles(database)
    found = {
        "--items": list(profiles.items()),
        "--users": list(profiles.users()),
        "--consents": list(holding(Consents(profiles.database).ledger_of("ann"))),
    }
    assert found[option]
    database.close()


def test_the_ledger_of_consents_that_the_help_shows_is_read() -> None:
    told = run("import", "--help").output.splitlines()
    lines = [line.strip(" │") for line in told if line.count(",") == 4]
    assert len(lines) == 2
    Path("consents.csv").write_text("\n".join(lines))
    result = run("import", "--consents", "consents.csv")
    assert result.exit_code == 0
    assert "Put aside" not in result.output


def test_a_file_is_about_one_thing() -> None:
    Path("p.csv").write_text("x\n")
    assert run("import", "--items", "--users", "p.csv").exit_code == 2


def test_a_missing_file_is_told_before_anything_is_made() -> None:
    assert isinstance(run("import", "nowhere.csv").exception, UnreadableFile)
    assert not Path("var").exists()


def test_a_missing_column_is_told() -> None:
    Path("e.csv").write_text("who,what\n1,2\n")
    assert isinstance(run("import", "e.csv").exception, MissingColumn)


def test_the_configuration_is_printed_as_a_file() -> None:
    Path("mine.toml").write_text("[serving]\nport = 9000\n")
    printed = run("config", "--config", "mine.toml").output
    assert parse(tomllib.loads(printed), {}) == parse({"serving": {"port": 9000}}, {})


def test_every_command_explains_itself() -> None:
    for command in ("import", "config"):
        assert run(command, "--help").exit_code == 0
