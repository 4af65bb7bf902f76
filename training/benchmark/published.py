"""What papers print for the same protocol."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class Published:
    """One figure or more of one method.

    Attributes
    ----------
    method : str
    figures : mapping of str to float
        By the metric's name.
    source : str
    """

    method: str
    figures: Mapping[str, float]
    source: str


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """The figures on one data set.

    Attributes
    ----------
    protocol : str
    data : str
    split : str
        How train and test were made.
    counts : mapping of str to int
        ``users``, ``items`` and ``pairs`` of the train file.
    rows : tuple of Published
        Worst first.
    """

    protocol: str
    data: str
    split: str
    counts: Mapping[str, int]
    rows: tuple[Published, ...]


def tables(protocol: str) -> list[PublishedTable]:
    """Return all published tables of a protocol."""
    content = tomllib.loads(FILE.read_text(encoding="utf-8"))["table"]
    return [_table(entry) for entry in content if entry["protocol"] == protocol]


def table_for(protocol: str, counts: Mapping[str, int]) -> PublishedTable | None:
    """Return the table made with this very train file, told by its counts; None: there is none."""
    return next((table for table in tables(protocol) if table.counts == counts), None)


def _table(entry: Mapping[str, Any]) -> PublishedTable:
    metrics, rows = entry["metrics"], entry["rows"]
    return PublishedTable(
        protocol=str(entry["protocol"]),
        data=str(entry["data"]),
        split=str(entry["split"]),
        counts={name: entry[name] for name in ("users", "items", "pairs")},
        rows=tuple(
            Published(method, dict(zip(metrics, figures, strict=True)), source)
            for method, figures, source in rows
        ),
    )
