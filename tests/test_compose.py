"""What the image copies is there, and the services that compose starts run what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from recsys.__main__ import app
from recsys.config import parse
from tests import images

ROOT = Path(__file__).parents[1]
INSTRUCTIONS = images.instructions((ROOT / "Dockerfile").read_text(encoding="utf-8"))
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OWN = {name: service for name, service in COMPOSE["services"].items() if "build" in service}


def test_everything_the_image_copies_is_let_into_its_build() -> None:
    copied = [line.split()[:-1] for word, line in INSTRUCTIONS if word == "COPY"]
    named = {name for names in copied for name in names if "--from=build" not in names}
    assert named == set(images.context(ROOT))


def test_the_image_is_of_a_debian_that_can_be_made_here_step_by_step() -> None:
    bases = [rest for word, rest in INSTRUCTIONS if word == "FROM"]
    assert re.fullmatch(r"debian:[a-z]+-slim AS python", bases[0])
    assert bases[1:] == ["python AS build", "python"]


@pytest.mark.parametrize("name", OWN)
def test_every_service_runs_a_command_that_exists_with_settings_that_exist(name: str) -> None:
    words, command = OWN[name]["command"], get_command(app)
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    config = parse({}, OWN[name]["environment"])
    assert config.storage.url.startswith("postgresql://")


@pytest.mark.parametrize("name", OWN)
def test_every_service_is_read_only_but_for_the_volume_of_the_image(name: str) -> None:
    service = OWN[name]
    assert service["read_only"]
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108
    assert service["volumes"] == ["recsys:/var/lib/recsys"]
    assert ("VOLUME", "/var/lib/recsys") in INSTRUCTIONS


def test_only_this_machine_reaches_the_service_and_nobody_the_database() -> None:
    published = {name: s["ports"] for name, s in COMPOSE["services"].items() if "ports" in s}
    assert published == {"api": ["127.0.0.1:8000:8000"]}


def test_training_waits_for_its_profile_and_everything_for_the_tables() -> None:
    assert {name for name, service in OWN.items() if "profiles" in service} == {"train"}
    for name in OWN.keys() - {"tables"}:
        assert OWN[name]["depends_on"] == {
            "tables": {"condition": "service_completed_successfully"}
        }


class Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads what compose has beyond YAML: a key of the file below that is taken away."""


Loader.add_constructor("!reset", lambda loader, node: None)
SCALE = yaml.load((ROOT / "compose.scale.yaml").read_text(encoding="utf-8"), Loader)  # noqa: S506
SCALED = {name: SCALE["services"][name] for name in ("api", "train")}


@pytest.mark.parametrize("name", SCALED)
def test_past_one_machine_the_same_services_have_settings_that_exist(name: str) -> None:
    assert SCALED[name].keys() & OWN[name].keys() >= {"image", "environment"}
    config = parse({}, {n: str(value) for n, value in SCALED[name]["environment"].items()})
    assert config.storage.models_dir == "s3://models/recsys"
    assert (config.training.engine == "spark") == (name == "train")


def test_past_one_machine_everything_runs_what_the_second_image_has() -> None:
    lines = images.instructions((ROOT / "Dockerfile.scale").read_text(encoding="utf-8"))
    assert ("FROM", "recsys") in lines
    own = {
        name for name, service in SCALE["services"].items() if service["image"] == "recsys-scale"
    }
    assert own == {"api", "train", "spark-master", "spark-worker"}
    for name in own - set(SCALED):
        main = SCALE["services"][name]["entrypoint"][1].rpartition(".")[2]
        assert main in {"Master", "Worker"}
    used = {d for service in SCALE["services"].values() for d in service.get("depends_on", ())}
    assert used <= SCALE["services"].keys()
