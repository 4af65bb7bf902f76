"""Clients of others, installed from their registries for the time of a test."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def installed(command: list[str], where: Path) -> None:
    """Install a client, or skip: without a network there is none."""
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        _without(f"{command} cannot install: {done.stderr[-2_000:]}")


def npm(where: Path, *packages: str) -> Path:
    """Install packages so that Node finds them in a folder, or skip."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        _without("there is no Node here")
    installed(["npm", "install", "--no-audit", "--no-fund", *packages], where)
    return where


def ran(command: list[str], where: Path | None = None) -> str:
    """Run a program that has to end well, and return what it printed."""
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    return done.stdout


def _without(why: str) -> None:
    """Skip, but not where clients have to be there."""
    if os.environ.get("RECSYS_SDKS"):
        pytest.fail(why)
    pytest.skip(why)
