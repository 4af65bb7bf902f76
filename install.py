"""Make the environment that every other target of the Makefile runs in. Standard library only.

Only what the locks name is installed, by hash and without resolving anything, by the pip that
``requirements-install.lock`` names: which pip the machine brought makes no difference.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

INSTALLERS = "requirements-install.lock"
RUNTIME = "requirements.lock"
TOOLS = "requirements-dev.lock"
SCALE = "requirements-scale.lock"  # half a gigabyte, and nothing runs without a Java
PROJECT = "pyproject.toml"
RECORD = "installed.json"  # written last and removed first: without it an environment is half made


def main() -> None:
    """Install what is missing, from nothing where the environment does not fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", type=Path, help="folder of the environment")
    parser.add_argument("--dev", action="store_true", help="what tests and checks too")
    asked = parser.parse_args()
    locks = [INSTALLERS, RUNTIME, *([TOOLS] * asked.dev)]
    if asked.dev and (os.environ.get("JAVA_HOME") or shutil.which("java")):
        locks.append(SCALE)
    try:
        install(asked.place.absolute(), locks)
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd))
        sys.exit(f"recsys is not installed: {command} failed. {(error.output or b'').decode()}")


def install(place: Path, locks: list[str]) -> None:
    """Bring the environment at ``place`` to what the locks and the project's file say."""
    asked = wanted(place, locks)
    done = recorded(place)
    if not fits(done, asked):
        make_anew(place)
        done = {}
    missing = [name for name in (*locks, PROJECT) if done.get(name) != asked[name]]
    if not missing:
        return
    (place / RECORD).unlink(missing_ok=True)
    for name in missing:
        print(f"recsys: installing {name} into {place}", flush=True)
        what = ["--editable", "."] if name == PROJECT else ["--require-hashes", "-r", name]
        run_pip(place, *what)
    (place / RECORD).write_text(json.dumps({**done, **asked}, indent=1), encoding="utf-8")


def wanted(place: Path, locks: list[str]) -> dict[str, str]:
    """Return what the record of a whole environment at ``place`` says."""
    digests = {name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in locks}
    digests[PROJECT] = hashlib.sha256(Path(PROJECT).read_bytes()).hexdigest()
    # An environment's own Python says the same here as the one it was made with.
    python = "{} {}.{}".format(sys.base_prefix, *sys.version_info)
    return {"place": str(place), "python": python, **digests}


def recorded(place: Path) -> dict[str, str]:
    """Return what was installed at ``place``, nothing if that was not finished."""
    try:
        found: dict[str, str] = json.loads((place / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def fits(done: dict[str, str], asked: dict[str, str]) -> bool:
    """Say whether what is there can stay: not if moved, nor with what a lock no longer names."""
    same = all(done.get(key) == asked[key] for key in ("place", "python"))
    return same and all(
        done.get(name, asked[name]) == asked[name] for name in asked if name != PROJECT
    )


def make_anew(place: Path) -> None:
    """Make an empty environment at ``place``, with the pip of this Python."""
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError as error:
        package = "python{}.{}-venv".format(*sys.version_info)
        sys.exit(f"{sys.executable} lacks the module {error.name}: Debian ships it in {package}")
    if sys.platform == "linux" and not loads("libgomp.so.1"):
        sys.exit("recsys trains with OpenMP: install libgomp1 (Debian, Ubuntu), libgomp (Fedora)")
    if place.exists() and any(place.iterdir()) and not (place / "pyvenv.cfg").exists():
        sys.exit(
            f"{place} holds something else than an environment, and making one would delete it"
        )
    print(f"recsys: making {place} with Python {sys.version.split()[0]}", flush=True)
    venv.create(place, clear=True, with_pip=True)


def loads(library: str) -> bool:
    """Say whether the system has a library that no package of Python brings."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def run_pip(place: Path, *what: str) -> None:
    """Install ``what`` with the environment's pip, which never looks for more than it is told."""
    flags = "--quiet --disable-pip-version-check --no-deps --no-build-isolation"
    # PySpark comes as source alone: jars and Python, nothing to compile.
    flags += " --only-binary :all: --no-binary pyspark"
    python = str(place / "bin" / "python")
    # Isolated, for PYTHONPATH may hold packages that pip would take for the environment's.
    subprocess.run([python, "-I", "-m", "pip", "install", *flags.split(), *what], check=True)


if __name__ == "__main__":
    main()
