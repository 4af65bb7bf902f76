"""The README and the guides are true to the letter: commands, routes, settings, files, examples."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.main import get_command
from typer.testing import CliRunner

from api import guide
from api.app import ROUTES, create_app
from api.web.route import BuiltRoute
from recsys.__main__ import app
from recsys.config import Config, keys, parse
from recsys.segments import rule_parser

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
GUIDES = [guide.FOLDER / f"{name}.md" for name in ("index", *guide.PAGES)]
DOCUMENTS = [README, *GUIDES]
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in DOCUMENTS}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
NOT_SETTINGS = re.compile(r"\.(csv|db|html|js|json|jsonl|md|parquet|py|toml|yaml)$")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def shell_lines(text: str) -> list[str]:
    joined = [block.replace("\\\n", " ") for block in blocks(text, "sh")]
    lines = [line.split(" #")[0].strip() for block in joined for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def commands() -> list[list[str]]:
    found = []
    for text in TEXTS.values():
        inline = re.findall(r"`(recsys [a-z][^`]*)`", text)
        for line in (*shell_lines(text), *inline):
            words = shlex.split(line)
            if words[0] == "recsys" and words not in found:
                found.append(words)
    return found


def served() -> set[str]:
    return {route.template for route in create_app(Config()).routes}


def test_the_readme_is_read_in_one_go() -> None:
    assert len(TEXTS["README.md"].splitlines()) <= 150


@pytest.mark.parametrize("name", guide.PAGES)
def test_a_guide_begins_with_a_task_and_shows_what_comes_of_it(name: str) -> None:
    first, second, *_ = guide.markdown(name).split("\n\n", 2)
    assert first.startswith("# ")
    assert second.startswith("**The task: ")


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_exists_with_its_options(words: list[str]) -> None:
    command: Any = get_command(app)
    rest = words[1:]
    while rest and hasattr(command, "commands") and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    options = {word for word in rest if word.startswith("--")}
    if len(rest) == len(words) - 1:  # of `recsys` itself
        assert options == set(rest)
    else:
        assert not hasattr(command, "commands"), f"{words} names no command"
    known = {option for parameter in command.params for option in parameter.opts}
    assert options <= known


def test_every_command_that_exists_says_what_it_is_for() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        assert command.get_short_help_str(), name


@pytest.mark.parametrize("name", TEXTS)
def test_every_make_target_exists(name: str) -> None:
    pattern = r"(?:^|[` ])make ([a-z]+)(?=[`\n ]*(?:#|`|\n|$))"
    named = set(re.findall(pattern, TEXTS[name], re.MULTILINE))
    assert named <= set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


def test_the_list_of_routes_is_whole() -> None:
    told = set(re.findall(r"`(?:GET|POST|PUT|DELETE) (/[^` ]*)`", TEXTS["index.md"]))
    hidden = {
        "/docs/assets/{name}",
        "/guide/style.css",
        "/guide/{name}",
        "/guide/images/{name}",
        "/openapi.json",
    }
    short = {f"/v1/{letter}" for letter in "tipsagb"}
    assert told == served() - hidden - short


@pytest.mark.parametrize("name", TEXTS)
def test_every_route_that_is_named_is_served(name: str) -> None:
    told = set(re.findall(r"`(?:GET|POST|PUT|DELETE) (/[^` ]*)`", TEXTS[name]))
    assert told <= served()


@pytest.mark.parametrize("name", TEXTS)
def test_every_address_that_is_called_is_served(name: str) -> None:
    for line in shell_lines(TEXTS[name]):
        words = shlex.split(line)
        if words[0] != "curl":
            continue
        method = words[words.index("-X") + 1] if "-X" in words else "GET"
        (address,) = (word for word in words if word.startswith("http://127.0.0.1:8000"))
        path = address.removeprefix("http://127.0.0.1:8000").split("?")[0]
        ends = [BuiltRoute(one) for one in ROUTES if one.method == method]
        assert any(end.pattern.fullmatch(path) for end in ends), line


@pytest.mark.parametrize("name", TEXTS)
def test_every_setting_exists(name: str) -> None:
    known = {setting for setting, _ in keys()}
    wild = [re.sub(r"\*", "[a-z_]+", setting) for setting in known]
    for found in re.findall(r"`([a-z]+\.[a-z_.*]+)`", TEXTS[name]):
        if NOT_SETTINGS.search(found):
            continue
        section = found.split(".*")[0]
        exists = found in known or section in known or any(re.fullmatch(w, found) for w in wild)
        assert exists, found


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_leads_somewhere(name: str) -> None:
    folder = README.parent if name == "README.md" else guide.FOLDER
    anchors = {f"{guide.FOLDER / page.name}" for page in GUIDES}
    for target in re.findall(r"\]\(([^)]+)\)", TEXTS[name]):
        place, _, anchor = target.partition("#")
        if place == "/docs":
            continue
        assert (folder / place).exists(), target
        if anchor:
            assert str(folder / place) in anchors
            heads = re.findall(r"^#+ (.+)$", (folder / place).read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"\W+", "-", head.lower()) for head in heads}, target


@pytest.mark.parametrize("name", TEXTS)
def test_every_module_that_is_named_is_there(name: str) -> None:
    for found in re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", TEXTS[name]):
        assert (ROOT / found).exists(), found


@pytest.mark.parametrize("name", TEXTS)
def test_every_json_is_json_and_every_rule_is_a_rule(name: str) -> None:
    for block in blocks(TEXTS[name], "json"):
        value = json.loads(block)
        if {"all", "any", "not"} & set(value):
            rule_parser.parse(value)


def test_the_hash_of_a_key_is_made_as_the_guide_says() -> None:
    found = re.search(r"RECSYS_SERVING__READ_KEYS_SHA256=\$\((.+?)\)\n", TEXTS["security.md"])
    assert found
    made = subprocess.run(["bash", "-c", found[1]], capture_output=True, text=True, check=True)
    config = parse({}, {"RECSYS_SERVING__READ_KEYS_SHA256": made.stdout.strip()})
    assert config.serving.read_keys_sha256 == (sha256(b"KEY").hexdigest(),)


def test_cors_is_left_to_the_proxy_as_the_guide_says() -> None:
    asks = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    answer = TestClient(create_app(Config())).options("/v1/segments", headers=asks)
    assert answer.status_code == 405
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_the_readme_names_the_top_level_folders() -> None:
    for folder in ("recsys", "training", "api", "tests", "models"):
        assert re.search(rf"^{folder}/ ", TEXTS["README.md"], re.MULTILINE)


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
