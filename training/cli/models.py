"""The commands on model versions: list, show, promote, roll back, prune."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from recsys.bundle import Manifest
from recsys.data.times import moment
from recsys.errors import NoChampion
from recsys.ladder import RungName, Verdict
from recsys.storage.files.config import read_config
from recsys.storage.models.store import Broken, ModelStore, Registered
from training.cli.options import ConfigFile

app = typer.Typer(help="The model versions there are, and which of them serves.")

Version = Annotated[str, typer.Argument(help="A version, as `recsys models list` names it.")]

RUNGS = tuple(RungName)
PIPED_WIDTH = 200


@app.callback(no_args_is_help=True)
def models() -> None:
    """List, show, promote, roll back or prune model versions."""


@app.command("list")
def list_versions(config: ConfigFile = None) -> None:
    """List all versions, last registered first; ● marks the champion."""
    store = _store(config)
    versions = store.list()
    if not versions:
        _console().print(f"no model versions in {store.models_dir}: run `recsys train` first")
        return
    whole = [Column(name, no_wrap=True) for name in ("", "version", "data until", "registered")]
    table = Table(*whole, "best rung", "its lift", box=None)
    for version in versions:
        table.add_row(*_row(version))
    _console().print(table)


@app.command()
def show(
    version: Annotated[str, typer.Argument(help="A version; the champion if left out.")] = "",
    *,
    files: Annotated[bool, typer.Option("--files", help="Each file with its SHA-256.")] = False,
    config: ConfigFile = None,
) -> None:
    """Show where a version came from and how each rung did."""
    store = _store(config)
    if not version and (pointer := store.champion()):
        version = pointer.version
    if not version:
        raise NoChampion(store.models_dir)
    for table in _tables(store.show(version), files=files):
        _console().print(table)
        _console().print()


@app.command()
def promote(
    version: Version,
    why: Annotated[str, typer.Option(help="Kept in the history.")] = "promoted by hand",
    config: ConfigFile = None,
) -> None:
    """Make a version the champion; a running API takes it up by itself."""
    _store(config).promote(version, why=why, at=_now())
    _console().print(f"champion is now {version}")


@app.command()
def rollback(
    why: Annotated[str, typer.Option(help="Kept in the history.")] = "rolled back by hand",
    config: ConfigFile = None,
) -> None:
    """Make the champion before this one the champion again."""
    version = _store(config).rollback(why=why, at=_now())
    _console().print(f"champion is now {version}")


@app.command()
def prune(
    keep: Annotated[int, typer.Option(min=0, help="How many of the newest versions stay.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    config: ConfigFile = None,
) -> None:
    """Remove old versions; the champion and the one before it always stay."""
    removed = _store(config).prune(keep=keep, at=_now(), dry_run=dry_run)
    verb = "would remove" if dry_run else "removed"
    for version in removed:
        _console().print(f"{verb} {version}")
    if not removed:
        _console().print("nothing to remove")


def _store(config: Path | None) -> ModelStore:
    return ModelStore(Path(read_config(config, os.environ).storage.models_dir))


def _now() -> int:
    return time.time_ns() // 1_000


def _console() -> Console:
    """Return a console as wide as the terminal; wide where there is none, so that grep works."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPED_WIDTH)


def _row(entry: Registered | Broken) -> tuple[str, ...]:
    mark, registered = "[green]●[/]" if entry.serves else "", _date(entry.registered_at)
    if isinstance(entry, Broken):
        return mark, entry.version, "", registered, "[red]refused[/]", escape(entry.why)
    best = [_best(question, rungs) for question, rungs in entry.manifest.verdicts.items()]
    rungs, lifts = ("\n".join(column) for column in zip(*best, strict=True)) if best else ("", "")
    return mark, entry.version, _date(entry.manifest.data_until), registered, rungs, lifts


def _best(question: str, verdicts: Mapping[RungName, Verdict]) -> tuple[str, str]:
    shipped = [rung for rung in RUNGS if rung in verdicts and verdicts[rung].shipped]
    if not shipped:
        return f"{question}: {RUNGS[0]}", ""
    verdict = verdicts[shipped[-1]]
    return f"{question}: {verdict.rung}", f"{verdict.lift} {verdict.metric} over {verdict.below}"


def _tables(entry: Registered, *, files: bool) -> Iterator[Table]:
    manifest = entry.manifest
    yield _pairs("version", entry.version, _origin(entry, manifest))
    yield _verdicts(manifest)
    yield _pairs("chosen", "value", _flat(manifest.choices))
    yield _pairs("metric", "value", _flat(manifest.metrics))
    yield _pairs("library", "version", manifest.libraries.items())
    if files:
        yield _pairs("file", "SHA-256", entry.files.items())


def _origin(entry: Registered, manifest: Manifest) -> Iterator[tuple[str, str]]:
    yield "champion", "yes" if entry.serves else "no"
    yield "data until", _date(manifest.data_until)
    yield "registered", _date(entry.registered_at)
    yield "seed", str(manifest.config.get("training", {}).get("seed", ""))
    yield "simulated", ", ".join(manifest.simulated) or "nothing"
    yield from ((name, f"{count:,}") for name, count in manifest.counts.items())
    yield "last event seen", f"{manifest.watermark:,}"
    yield "data fingerprint", manifest.fingerprint
    yield "files", f"{len(entry.files)}, each with its SHA-256 in the manifest: --files"
    yield "manifest SHA-256", entry.sha256


def _verdicts(manifest: Manifest) -> Table:
    table = Table("question", "rung", "verdict", box=None)
    for question, verdicts in manifest.verdicts.items():
        for rung in RUNGS:
            if verdict := verdicts.get(rung):
                colour = "green" if verdict.shipped else "yellow"
                table.add_row(question, rung, f"[{colour}]{escape(verdict.why)}[/]")
    return table


def _pairs(left: str, right: str, rows: Any) -> Table:
    table = Table(left, Column(right, overflow="fold"), box=None)
    for name, value in rows:
        table.add_row(escape(name), escape(value))
    return table


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the figures of a nested mapping by their path; estimates are one figure."""
    if isinstance(value, Mapping) and {"value", "low", "high"} <= value.keys():
        yield name, "{value:.4f} [{low:.4f}, {high:.4f}]".format_map(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}".lstrip("."))
    elif isinstance(value, list):
        yield name, f"{len(value)} values"
    else:
        yield name, f"{value:.4f}" if isinstance(value, float) else str(value)


def _date(at: int | None) -> str:
    return "" if at is None else f"{moment(at):%Y-%m-%d %H:%M}"
