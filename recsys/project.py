"""What the project says of itself: installed, or in the checkout that this code lies in."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "pyproject.toml"


@cache
def version() -> str:
    """Return the version of this project."""
    try:
        return installed("recsys")
    except PackageNotFoundError:
        return str(stated()["version"])


def stated() -> dict[str, Any]:
    """Return what the project of this checkout says of itself; nothing where there is none."""
    if not FILE.exists():
        return {}
    project: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8")).get("project", {})
    return project if project.get("name") == "recsys" else {}
