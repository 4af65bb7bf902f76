"""Figures that pages show: counted in the background, once for a model version and an hour."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recsys.storage.database.interface import Database

_KEEP = """
INSERT INTO console_figures (version, hour, body) VALUES (?, ?, ?)
ON CONFLICT (version, hour) DO UPDATE SET body = excluded.body
"""
_LATEST = """
SELECT version, hour, body FROM console_figures
ORDER BY CASE WHEN version = ? THEN 0 ELSE 1 END, hour DESC LIMIT 1
"""
_OLD = "DELETE FROM console_figures WHERE NOT (version = ? AND hour = ?)"


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted while a model version served, in which hour since the epoch."""

    version: str
    hour: int
    body: Mapping[str, Any]


def latest(database: Database, version: str) -> Figures | None:
    """Return what was counted last, of this version if it was; None before the first time.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(_LATEST, (version,))
    return Figures(rows[0][0], rows[0][1], json.loads(rows[0][2])) if rows else None


def keep(database: Database, figures: Figures) -> None:
    """Keep what was counted in the place of what was before.

    Raises
    ------
    StoreUnavailable
        Nothing was written.
    """
    with database.writing() as writing:
        key = (figures.version, figures.hour)
        writing.execute(_KEEP, (*key, json.dumps(figures.body)))
        writing.execute(_OLD, key)
