"""The locks name all that an installer could ask for, so that none has to look further."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
ASKED = {
    "requirements.lock": PROJECT["project"]["dependencies"],
    "requirements-scale.lock": PROJECT["project"]["dependencies"] + EXTRAS["s3"] + EXTRAS["spark"],
    "requirements-dev.lock": PROJECT["project"]["dependencies"] + GROUPS["dev"],
    "requirements-install.lock": PROJECT["build-system"]["requires"] + GROUPS["install"],
}
every_lock = pytest.mark.parametrize("lock", ASKED)


def entries(lock: str) -> list[str]:
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", "")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def locked(lock: str) -> dict[str, Requirement]:
    """What the lock installs on this machine."""
    pinned = [Requirement(line.split("--hash")[0].strip()) for line in entries(lock)]
    here = [pin for pin in pinned if pin.marker is None or pin.marker.evaluate()]
    return {canonicalize_name(pin.name): pin for pin in here}


def version(pin: Requirement) -> str:
    (only,) = pin.specifier
    assert only.operator == "=="
    return only.version


def unmet(asked: Requirement, pins: dict[str, Requirement]) -> str | None:
    """What an installer would still have to look for, or that nothing is missing."""
    pin = pins.get(canonicalize_name(asked.name))
    if pin is None:
        return f"{asked} is not locked"
    if missing := asked.extras - pin.extras:
        return f"{asked} asks for {sorted(missing)}, the lock has {pin}"
    if not asked.specifier.contains(version(pin), prereleases=True):
        return f"{asked} is not met by {pin}"
    return None


def graph(pins: dict[str, Requirement]) -> Iterator[tuple[str, Requirement]]:
    """Every requirement of what is installed here as locked, with who makes it."""
    for name, pin in pins.items():
        for line in requirements(name, version(pin)):
            asked = Requirement(line)
            extras = pin.extras or {""}
            if asked.marker is None or any(asked.marker.evaluate({"extra": e}) for e in extras):
                yield name, asked


def requirements(name: str, version: str) -> list[str]:
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return []
    return found.requires or [] if found.version == version else []


@every_lock
def test_every_requirement_in_the_graph_is_locked_with_its_extras(lock: str) -> None:
    pins = locked(lock)
    found = list(graph(pins))
    assert found
    assert [f"{name}: {lack}" for name, asked in found if (lack := unmet(asked, pins))] == []


@every_lock
def test_what_the_project_asks_for_is_locked_at_a_version_that_meets_it(lock: str) -> None:
    pins = locked(lock)
    assert [lack for line in ASKED[lock] if (lack := unmet(Requirement(line), pins))] == []


@every_lock
def test_every_pin_is_an_exact_version_with_its_hashes(lock: str) -> None:
    pinned = r"[a-z0-9.-]+(\[[a-z0-9, ]+\])?==[^ ;]+( ; [^\\]+?)?( +--hash=sha256:[0-9a-f]{64})+"
    assert [line for line in entries(lock) if not re.fullmatch(pinned, line)] == []


@every_lock
def test_no_lock_says_where_packages_come_from(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|index-url|find-links|trusted-host", text)


def test_the_locks_agree_on_every_version() -> None:
    tools = locked("requirements-dev.lock")
    for lock in ("requirements.lock", "requirements-scale.lock", "requirements-install.lock"):
        shared = {name: version(pin) for name, pin in locked(lock).items() if name in tools}
        assert shared == {name: version(tools[name]) for name in shared}
    assert locked("requirements.lock").keys() <= tools.keys()


def test_the_service_runs_without_the_tools_that_test_it() -> None:
    named = {canonicalize_name(Requirement(line).name) for line in GROUPS["dev"]}
    assert named & locked("requirements.lock").keys() == {"packaging"}


def test_the_base_has_neither_spark_nor_object_storage() -> None:
    named = {canonicalize_name(Requirement(line).name) for line in EXTRAS["s3"] + EXTRAS["spark"]}
    assert named == {"obstore", "pyspark"}
    assert not named & locked("requirements.lock").keys()
