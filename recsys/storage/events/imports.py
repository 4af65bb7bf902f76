"""What files brought: the last one of each source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from recsys.storage.database.interface import Database


@dataclass(frozen=True, slots=True)
class LastFile:
    """The last file of a source.

    Attributes
    ----------
    source : str
        Tool and kind, or the name of a file of no tool.
    at : int
        When it was imported, microseconds since the epoch.
    rows : int
        In it.
    newest : int or None
        When its last event happened; None: it has none.
    late : int or None
        New events of it that are older than what the file before it ended with; None: not known.
    became, unknown : mapping of str to int
        Rows by what they became; names that nobody knows.
    """

    source: str
    at: int
    rows: int
    newest: int | None
    late: int | None
    became: Mapping[str, int]
    unknown: Mapping[str, int]


def imports(database: Database) -> list[LastFile]:
    """Return the last file of each source, in order of their names.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    found = {}
    for text, at in database.read("SELECT report, at FROM imports ORDER BY seq"):
        report = orjson.loads(text)
        source = report.get("tool") or report["file"]
        counts = {n: report[n] for n in ("logged", "known", "erased", "people", "duplicates")}
        became = {n: c for n, c in {**counts, **report["quarantined"]}.items() if c}
        found[source] = LastFile(
            source,
            at,
            report["rows"],
            report["last"],
            report.get("late"),
            became,
            report.get("unknown", {}),
        )
    return [found[name] for name in sorted(found)]
