"""Model versions as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.markup import escape
from rich.table import Column, Table

from recsys.bundle import Manifest
from recsys.data.times import moment
from recsys.ladder import RungName, Verdict
from recsys.storage.models.store import Broken, Registered

RUNGS = tuple(RungName)


def listed(versions: Iterable[Registered | Broken]) -> Table:
    """Return a line a version; ● marks the champion."""
    whole = [Column(name, no_wrap=True) for name in ("", "version", "data until", "registered")]
    table = Table(*whole, "best rung", "its lift", box=None)
    for version in versions:
        table.add_row(*_row(version))
    return table


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


def described(entry: Registered, *, files: bool) -> Iterator[Table]:
    """Yield where a version came from, how each rung did, and each file with its hash if asked."""
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
    yield "store", manifest.store or "not known"
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
