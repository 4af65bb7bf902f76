"""The environment that `make` makes is the one the locks name, whatever stood there before.

A small project of its own, whose packages come from a folder: no network, but the real pip.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from install import fits, recorded

ROOT = Path(__file__).parents[1]
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "shop"
version = "1"
"""
BACKEND = """
import shutil

def build_editable(folder, config_settings=None, metadata_directory=None):
    return shutil.copy("shop-1-py3-none-any.whl", folder).rsplit("/")[-1]
"""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Project:
    """A folder with locks, and the packages they name in another."""

    folder: Path
    packages: Path

    def lock(self, name: str, *packages: str) -> None:
        lines = [f"{package}==1 --hash=sha256:{self._made(package)}" for package in packages]
        (self.folder / name).write_text("\n".join(lines), encoding="utf-8")

    def install(self, *options: str, setup: str = "pass") -> subprocess.CompletedProcess[str]:
        run = (
            f"import runpy; {setup}; runpy.run_path({str(ROOT / 'install.py')!r}, None, '__main__')"
        )
        return subprocess.run(
            [sys.executable, "-c", run, str(self.folder / "env"), *options],
            cwd=self.folder,
            env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.packages)},
            capture_output=True,
            text=True,
            check=False,
        )

    def has(self, *packages: str) -> list[bool]:
        (place,) = (self.folder / "env").glob("lib/python*/site-packages")
        return [(place / f"{package}.py").exists() for package in packages]

    def _made(self, package: str) -> str:
        wheel = make_wheel(self.packages, package)
        return hashlib.sha256(wheel.read_bytes()).hexdigest()


def make_wheel(folder: Path, name: str) -> Path:
    wheel = folder / f"{name}-1-py3-none-any.whl"
    about = f"{name}-1.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    return wheel


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder, packages = tmp_path / "shop", tmp_path / "packages"
    folder.mkdir()
    packages.mkdir()
    made = Project(folder, packages)
    made.lock("requirements-install.lock", "builder")
    made.lock("requirements.lock", "engine")
    made.lock("requirements-dev.lock", "engine", "prober")
    made.lock("requirements-scale.lock", "engine", "cluster")
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (folder / "backend.py").write_text(BACKEND, encoding="utf-8")
    make_wheel(folder, "shop")
    return made


def test_the_tools_come_only_when_asked_for(project: Project) -> None:
    runtime = project.install()
    assert runtime.returncode == 0, runtime.stderr
    assert project.has("builder", "engine", "shop", "prober") == [True, True, True, False]
    tools = project.install("--dev")
    assert tools.returncode == 0, tools.stderr
    assert project.has("builder", "engine", "shop", "prober") == [True, True, True, True]
    assert project.install("--dev").stdout == ""


@pytest.mark.parametrize(("java", "comes"), [("'/java'", True), ("''", False)])
def test_spark_comes_with_the_tools_where_there_is_a_java(
    project: Project, java: str, *, comes: bool
) -> None:
    setup = f"import os, shutil; os.environ['JAVA_HOME'] = {java}; shutil.which = lambda _: None"
    tools = project.install("--dev", setup=setup)
    assert tools.returncode == 0, tools.stderr
    assert project.has("prober", "cluster") == [True, comes]


def test_an_install_that_fails_says_so_and_the_next_begins_anew(project: Project) -> None:
    wheel = project.packages / "prober-1-py3-none-any.whl"
    whole = wheel.read_bytes()
    wheel.write_bytes(whole + b"tampered with")
    failed = project.install("--dev")
    assert failed.returncode != 0
    assert "recsys is not installed" in failed.stderr
    assert project.has("engine", "prober") == [True, False]
    wheel.write_bytes(whole)
    mended = project.install("--dev")
    assert mended.returncode == 0, mended.stderr
    assert "making" in mended.stdout
    assert project.has("engine", "prober") == [True, True]


def test_a_folder_of_something_else_is_not_cleared(project: Project) -> None:
    (project.folder / "env").mkdir()
    (project.folder / "env" / "thesis.tex").write_text("five years")
    refused = project.install()
    assert refused.returncode != 0
    assert "holds something else" in refused.stderr
    assert (project.folder / "env" / "thesis.tex").exists()


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        ({}, True),
        ({"pyproject.toml": "other"}, True),
        ({"requirements.lock": "other"}, False),
        ({"place": "/moved/.venv"}, False),
        ({"python": "/usr 3.13"}, False),
    ],
)
def test_what_is_there_stays_unless_a_lock_the_place_or_the_python_changed(
    change: dict[str, str], stays: bool
) -> None:
    done = {
        "place": "/shop/.venv",
        "python": "/usr 3.12",
        "requirements.lock": "digest",
        "pyproject.toml": "digest",
    }
    assert fits(done, {**done, **change, "requirements-dev.lock": "not installed yet"}) is stays


def test_nothing_stays_of_an_environment_without_its_record(tmp_path: Path) -> None:
    (tmp_path / "installed.json").write_text('{"place": "cut off')
    assert recorded(tmp_path) == {}
    assert not fits({}, {"place": "/shop/.venv", "python": "/usr 3.12"})


def test_a_python_without_pip_is_told_what_to_install(project: Project) -> None:
    refused = project.install(setup="import sys; sys.modules['ensurepip'] = None")
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].endswith("-venv")
    assert "lacks the module ensurepip" in refused.stderr


def test_a_system_without_openmp_is_told_what_to_install(project: Project) -> None:
    refused = project.install(setup="import ctypes; ctypes.CDLL = lambda name: open('/no/' + name)")
    assert refused.returncode == 1
    assert "install libgomp1" in refused.stderr


def test_an_old_python_is_refused_with_the_versions_that_do(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    pretend = (
        "import sys; sys.version_info = (3, 9, 2); sys.version = '3.9.2 (old)'; exec(sys.argv[2])"
    )
    old.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{pretend}" "$@"\n')
    old.chmod(0o755)
    refused = make(f"PYTHON={old}", "install")
    assert refused.returncode != 0
    assert "needs Python 3.11 or later" in refused.stderr
    assert "this one is 3.9.2" in refused.stderr


def test_a_python_that_is_not_there_is_named() -> None:
    refused = make("PYTHON=python3.99", "install")
    assert refused.returncode != 0
    assert "there is no python3.99" in refused.stderr


def make(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, check=False)
