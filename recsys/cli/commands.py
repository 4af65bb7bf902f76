"""Which commands there are: packages name them in the entry-point group ``recsys.commands``.

An entry is called as the command is and points to the ``typer.Typer`` that holds it::

    [project.entry-points."recsys.commands"]
    train = "training.cli.train:app"
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

GROUP = "recsys.commands"
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def version() -> str:
    """Return the version of this project."""
    try:
        return installed("recsys")
    except PackageNotFoundError:
        return str(_project()["version"])


class Commands(TyperGroup):
    """A group whose commands are loaded when they are asked for: others cost nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = RegisteredCommands()  # type: ignore[assignment]  # it only has to be read


class RegisteredCommands(Mapping[str, Any]):
    """The commands by name, each loaded when it is looked at.

    A checkout says itself what it has, installed or not; whatever else is installed may add to it.
    """

    def __init__(self) -> None:
        found = {entry.name: entry for entry in entry_points(group=GROUP)}
        stated = _project().get("entry-points", {}).get(GROUP, {})
        found |= {name: EntryPoint(name, value, GROUP) for name, value in stated.items()}
        self._entries = dict(sorted(found.items()))

    def __getitem__(self, name: str) -> Any:
        """Return the command `name`."""
        part: typer.Typer = self._entries[name].load()
        alone = typer.Typer(rich_markup_mode=None)
        if part.registered_callback:
            alone.add_typer(part, name=name)
        else:
            alone.registered_commands = part.registered_commands
        return get_group(alone).commands[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names, in their order."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._entries)


def _project() -> dict[str, Any]:
    """Return what the project of this checkout says of itself; nothing where there is none."""
    if not PROJECT.exists():
        return {}
    project: dict[str, Any] = tomllib.loads(PROJECT.read_text(encoding="utf-8")).get("project", {})
    return project if project.get("name") == "recsys" else {}
