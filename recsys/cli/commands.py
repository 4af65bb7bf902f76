"""Which commands there are: packages name them in the entry-point group ``recsys.commands``.

An entry is called as the command is and points to the ``typer.Typer`` that holds it::

    [project.entry-points."recsys.commands"]
    train = "training.cli.train:app"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from recsys.project import stated

GROUP = "recsys.commands"


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
        own = stated().get("entry-points", {}).get(GROUP, {})
        found |= {name: EntryPoint(name, value, GROUP) for name, value in own.items()}
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
