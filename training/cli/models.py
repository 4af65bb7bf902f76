"""The commands on model versions: list, show, promote, roll back, prune."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli import clock
from recsys.cli.console import console
from recsys.cli.options import ConfigFile, settings_of
from recsys.storage.models.errors import NoChampion

if TYPE_CHECKING:
    from recsys.storage.models.store import ModelStore

app = typer.Typer(help="The model versions there are, and which of them serves.")

Version = Annotated[str, typer.Argument(help="A version, as `recsys models list` names it.")]


@app.callback(no_args_is_help=True)
def models() -> None:
    """List, show, promote, roll back or prune model versions."""


@app.command("list")
def list_versions(config: ConfigFile = None) -> None:
    """List all versions, last registered first; ● marks the champion."""
    from training.report.versions import listed

    store = _store(config)
    if versions := store.list():
        console().print(listed(versions))
    else:
        console().print(f"no model versions in {store.models_dir}: run `recsys train` first")


@app.command()
def show(
    version: Annotated[str, typer.Argument(help="A version; the champion if left out.")] = "",
    *,
    files: Annotated[bool, typer.Option("--files", help="Each file with its SHA-256.")] = False,
    config: ConfigFile = None,
) -> None:
    """Show where a version came from and how each rung did."""
    from training.report.versions import described

    store = _store(config)
    if not version and (pointer := store.champion()):
        version = pointer.version
    if not version:
        raise NoChampion(store.models_dir)
    for table in described(store.show(version), files=files):
        console().print(table)
        console().print()


@app.command()
def promote(
    version: Version,
    why: Annotated[str, typer.Option(help="Kept in the history.")] = "promoted by hand",
    config: ConfigFile = None,
) -> None:
    """Make a version the champion.

    A running API takes it up by itself.

    Example: recsys models promote VERSION
    """
    _store(config).promote(version, why=why, at=clock.now())
    _note(config, version)
    console().print(f"champion is now {version}")


@app.command()
def rollback(
    why: Annotated[str, typer.Option(help="Kept in the history.")] = "rolled back by hand",
    config: ConfigFile = None,
) -> None:
    """Make the champion before this one the champion again."""
    version = _store(config).rollback(why=why, at=clock.now())
    _note(config, version)
    console().print(f"champion is now {version}")


@app.command()
def prune(
    keep: Annotated[int, typer.Option(min=0, help="How many of the newest versions stay.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    config: ConfigFile = None,
) -> None:
    """Remove old versions.

    The champion and the one before it always stay.

    Example: recsys models prune --keep 5 --dry-run
    """
    removed = _store(config).prune(keep=keep, at=clock.now(), dry_run=dry_run)
    verb = "would remove" if dry_run else "removed"
    for version in removed:
        console().print(f"{verb} {version}")
    if not removed:
        console().print("nothing to remove")


def _store(config: Path | None) -> ModelStore:
    from recsys.storage.models.store import ModelStore

    return ModelStore.of(settings_of(config).storage)


def _note(config: Path | None, version: str) -> None:
    """Write into the audit log who made a version the champion."""
    from recsys.errors import StoreUnavailable
    from recsys.storage.access import audit
    from recsys.storage.database.open import open_store

    entry = audit.Entry(clock.now(), audit.command_line(), audit.Action.PROMOTED, version)
    try:
        with closing(open_store(settings_of(config).storage)) as database:
            audit.record(database, entry)
    except StoreUnavailable as error:
        typer.echo(f"not in the audit log: {error}", err=True)
