"""`python -m tests.bench.connectors`: what becomes of a sample of each tool, and how fast.

The samples are made up, in the exact format of each tool, with three bad rows; each is imported
twice. Speed is that of the engine on a CSV: read, recognised, translated, checked, deduplicated.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import polars as pl
import typer
from rich.table import Table

from recsys.config import parse
from tests.bench.tool import console, run, timed
from tests.recsys.connectors.samples import SAMPLES
from tests.recsys.connectors.test_samples import KEY, NOW, imported
from training.importing.read import of_tools, read_file
from training.importing.tool_words import in_our_words
from training.importing.validate import validate

ROWS = 300_000


def main(rows: Annotated[int, typer.Option(min=1_000, help="Of the CSV.")] = ROWS) -> None:
    """Print the table of tools, then rows a second by processor time."""
    table = Table("file", "rows", "mapped", "of people", "aside", "unknown", "again", box=None)
    for sample in SAMPLES:
        with TemporaryDirectory() as folder:
            first, again = (imported(Path(folder), sample) for _ in range(2))
        new = again.logged + again.traits + again.consents + again.outcomes
        table.add_row(
            sample.kind,
            f"{first.rows}",
            _counts(first.kinds),
            f"{first.people}, {first.consents} consents, {first.outcomes} outcomes",
            _counts(first.quarantined),
            _counts(first.unknown),
            "nothing new" if not new else f"{new} new",
        )
    console.print(table)
    with TemporaryDirectory() as folder:
        console.print(f"{speed(Path(folder), rows):,.0f} CSV rows/s of SendGrid's events, CPU time")


def speed(folder: Path, rows: int) -> float:
    """Return rows a second through the engine: one user in ten is known by an address only."""
    file = folder / "sendgrid.csv"
    rng = np.random.default_rng(7)
    users = rng.integers(0, rows // 20 + 1, rows)
    known = pl.Series(rng.random(rows) < 0.9)
    pl.DataFrame(
        {
            "email": [f"user{user}@shop.example" for user in users],
            "user_id": [f"u{user}" for user in users],
            "timestamp": 1_690_000_000 + np.sort(rng.integers(0, 9_000_000, rows)),
            "event": rng.choice(["delivered", "open", "click", "bounce"], rows),
            "sg_event_id": [f"e{row}" for row in range(rows)],
            "sg_message_id": [f"m{row // 3}" for row in range(rows)],
        }
    ).with_columns(user_id=pl.when(known).then("user_id")).write_csv(file)
    config = parse({}, {"RECSYS_PRIVACY__EMAIL_KEY": KEY})

    def work() -> None:
        raw, ours = in_our_words(read_file(file, of_tools(config.data)), config)
        validate(raw, ours, now=NOW)

    return rows / timed(work, 2).cpu


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


if __name__ == "__main__":
    run(main)
