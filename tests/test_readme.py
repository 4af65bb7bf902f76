"""The README is true to the letter: commands, endpoints, settings, files."""

from __future__ import annotations

import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.main import get_command
from typer.testing import CliRunner

from api.app import create_app
from recsys.__main__ import app
from recsys.config import Config, keys, parse

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def shell_lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def commands() -> list[list[str]]:
    inline = re.findall(r"`(recsys [a-z][^`]*)`", README)
    return [line.split() for line in (*shell_lines(), *inline) if line.startswith("recsys ")]


def test_the_readme_fits_two_screens_of_an_afternoon() -> None:
    assert len(README.splitlines()) <= 240


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_in_the_readme_exists_with_its_options(words: list[str]) -> None:
    command = get_command(app)
    rest = words[1:]
    while rest and hasattr(command, "commands") and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    assert not hasattr(command, "commands"), f"{words} names no command"
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known


def test_the_hash_of_a_key_is_made_as_the_readme_says() -> None:
    found = re.search(r"`RECSYS_SERVING__READ_KEYS_SHA256=\$\((.+?)\)`", README)
    assert found
    made = subprocess.run(["bash", "-c", found[1]], capture_output=True, text=True, check=True)
    config = parse({}, {"RECSYS_SERVING__READ_KEYS_SHA256": made.stdout.strip()})
    assert config.serving.read_keys_sha256 == (sha256(b"KEY").hexdigest(),)


def test_cors_is_left_to_the_proxy_as_the_readme_says() -> None:
    asks = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    answer = TestClient(create_app(Config())).options("/v1/segments", headers=asks)
    assert answer.status_code == 405
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_every_command_that_exists_says_what_it_is_for() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        assert command.get_short_help_str(), name


def test_every_make_target_in_the_readme_exists() -> None:
    named = set(re.findall(r"(?:^|[` ])make ([a-z]+)(?=[`\n ]*(?:#|`|\n|$))", README, re.MULTILINE))
    assert named
    assert named <= set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


def test_the_endpoints_of_the_readme_are_those_of_the_api() -> None:
    told = set(re.findall(r"`(?:GET|POST) (/[^` ]*)`", README))
    served = set(create_app(Config()).openapi()["paths"])
    assert told - {"/v1/users/12747"} == served


def test_every_setting_in_the_readme_exists() -> None:
    known = {name for name, _, _ in keys()}
    wild = [re.sub(r"\*", "[a-z_]+", name) for name in known]
    for name in re.findall(r"`([a-z]+\.[a-z_.*]+)`", README):
        if (ROOT / name).suffix in {".toml", ".html", ".py", ".csv"}:
            continue
        section = name.split(".*")[0]
        assert name in known or section in known or any(re.fullmatch(w, name) for w in wild), name


def test_every_file_the_readme_points_to_is_there() -> None:
    named = re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", README)
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]


def test_the_readme_names_the_top_level_folders() -> None:
    for folder in ("recsys", "training", "api", "tests", "models"):
        assert re.search(rf"^{folder}/ ", README, re.MULTILINE)


def test_serving_does_not_load_the_libraries_that_fit() -> None:
    heavy = "implicit sklearn scipy matplotlib polars pyarrow sqlalchemy"
    script = (
        "import sys, recsys.__main__, api.app; api.app.create_app();"
        f"sys.exit(' '.join(sorted(set('{heavy}'.split()) & set(sys.modules))) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
