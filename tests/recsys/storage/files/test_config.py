"""The configuration file: where it is looked for, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys.config import Config
from recsys.errors import BadConfigFile, UnknownKey, UnreadableFile
from recsys.storage.files.config import read_config


def written(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_all_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_config(None, {}) == Config()


def test_the_file_in_the_working_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recsys.toml").write_text("[serving]\nport = 9000\n")
    assert read_config(None, {}).serving.port == 9000
    assert read_config(None, {"RECSYS_SERVING__PORT": "9001"}).serving.port == 9001


def test_a_file_that_is_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        read_config(tmp_path / "nowhere.toml", {})


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        read_config(tmp_path, {})


def test_broken_toml_names_the_file_and_the_line(tmp_path: Path) -> None:
    with pytest.raises(BadConfigFile, match=r"mine\.toml.*line 2"):
        read_config(written(tmp_path, "[serving]\nport = \n"), {})


def test_a_wrong_value_names_the_file_and_the_line(tmp_path: Path) -> None:
    file = written(tmp_path, "# mine\n[serving]\nhost = 'x'\nport = 'many'  # oh\n")
    with pytest.raises(BadConfigFile, match=r"mine\.toml, line 4: .*serving\.port"):
        read_config(file, {})


def test_an_unknown_key_names_the_line_and_the_nearest_key(tmp_path: Path) -> None:
    file = written(tmp_path, "[data]\ntime_zone = 'UTC'\n")
    with pytest.raises(BadConfigFile, match=r"line 2: .*did you mean 'data\.timezone'"):
        read_config(file, {})


def test_an_unknown_section_names_the_line(tmp_path: Path) -> None:
    file = written(tmp_path, "\n[servnig]\nport = 1\n")
    with pytest.raises(BadConfigFile, match=r"line 2: .*'serving'"):
        read_config(file, {})


def test_a_wrong_value_of_a_quoted_channel_names_the_line(tmp_path: Path) -> None:
    file = written(tmp_path, '[channels.arms."in app"]\ncost = -1\n')
    with pytest.raises(BadConfigFile, match="line 2"):
        read_config(file, {})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('items.at_k = 3\nserving = {port = "many"}\n', 2),
        ("[data]\nunavailable_items = [\n  'a',\n  3,\n]\n", 2),
        ("[kinds.view]\nweight = 1\n\n[kinds.cart]\nweight = 'x'\n", 5),
        ("[serving]\n# port = 1\nhost = 'port = #'\n'port' = -1\n", 4),
    ],
)
def test_the_line_is_found_however_toml_was_written(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(BadConfigFile, match=rf"mine\.toml, line {line}: "):
        read_config(written(tmp_path, text), {})


def test_a_password_is_refused_in_a_file_and_taken_from_the_environment(tmp_path: Path) -> None:
    url = "postgresql://me:word@host/shop"
    with pytest.raises(BadConfigFile, match=r"line 2: .*me:\*\*\*@.*RECSYS_STORAGE__URL") as told:
        read_config(written(tmp_path, f"[storage]\nurl = '{url}'\n"), {})
    assert "word@" not in str(told.value)
    file = written(tmp_path, "[storage]\nurl = 'postgresql://me@host/shop'\n")
    assert read_config(file, {"RECSYS_STORAGE__URL": url}).storage.url == url


def test_a_mistake_in_the_environment_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    with pytest.raises(UnknownKey):
        read_config(written(tmp_path, ""), {"RECSYS_SERVING__PROT": "1"})
