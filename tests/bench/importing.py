"""How fast files come in: ``python -m tests.bench.importing [ROWS]``.

Makes a seeded CSV of a shop, then measures each stage on its own and the whole import, and the
reads that serving and training make afterwards.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from recsys.config import parse
from recsys.data.times import SECOND
from recsys.storage.database.open import open_database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.users.live_state import LiveState
from training.importing.events import import_events
from training.importing.read import read_file
from training.importing.validate import validate
from training.load import load

ROWS = 1_000_000
SEED = 7
NOW = 1_700_000_000 * SECOND
READS = 5_000

Result = TypeVar("Result")


def made(folder: Path, rows: int, *, seed: int) -> Path:
    """Return a CSV of `rows` events: Zipf items, 1 % exact duplicates, 1 % without a user."""
    rng = np.random.default_rng(seed)
    users = rng.integers(0, max(rows // 100, 1), rows)
    frame = pl.DataFrame(
        {
            "user_id": users,
            "item_id": rng.zipf(1.2, rows) % 20_000,
            "timestamp": 1_600_000_000 + np.sort(rng.integers(0, 30_000_000, rows)),
            "event_type": rng.choice(["view", "cart", "purchase"], rows, p=[0.7, 0.2, 0.1]),
            "quantity": rng.integers(1, 9, rows),
            "price": rng.integers(1, 9_999, rows) / 100,
            "order_id": rng.integers(0, rows, rows),
            "country": np.array(["Norway", "Iceland", "Finland"])[users % 3],
        }
    )
    frame = frame.with_columns(
        pl.when(pl.Series(rng.random(rows) >= 0.01)).then("user_id").alias("user_id")
    )
    file = folder / "events.csv"
    pl.concat([frame[: rows - rows // 100], frame[: rows // 100]]).write_csv(file)
    return file


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """Return what `work` returns, and the seconds it took."""
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def measure(rows: int, folder: Path) -> Table:
    """Return the table of all stages."""
    file = made(folder, rows, seed=SEED)
    config = parse({"storage": {"quarantine_dir": str(folder / "quarantine")}}, {})
    log = EventLog(open_database(f"sqlite:///{folder}/store.db"))
    table = Table(title=f"{rows:,} rows of CSV, {file.stat().st_size / 1e6:.0f} MB")
    for heading in ("stage", "seconds", "a second"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")

    def row(stage: str, seconds: float, count: int) -> None:
        table.add_row(stage, f"{seconds:.2f}", f"{count / seconds:,.0f}")

    _, reading = timed(lambda: read_file(file))
    _, checking = timed(lambda: validate(read_file(file), config, now=NOW))
    row("read", reading, rows)
    row("read, validate, deduplicate, name", checking, rows)
    report, importing = timed(lambda: import_events(file, config, log, now=NOW))
    row("whole import, durable", importing, rows)
    row("  of it the log", importing - rows / report.checked_per_second, report.logged)
    _, again = timed(lambda: import_events(file, config, log, now=NOW))
    row("the same file again", again, rows)
    _, loading = timed(lambda: load(log, config))
    row("load for training", loading, report.logged)
    for stage, seconds, count in _small(log):
        row(stage, seconds, count)
    log.database.close()
    return table


def _small(log: EventLog) -> list[tuple[str, float, int]]:
    last = log.last_seq()
    _, unknown = timed(
        lambda: [LiveState(log.database).of(f"?{n}", since=last, at=NOW) for n in range(READS)]
    )
    _, known = timed(
        lambda: [LiveState(log.database).of(str(n), since=last, at=NOW) for n in range(READS)]
    )
    one = [Event(f"one-{n}", str(n), "view", n, item_id="1") for n in range(200)]
    many = [Event(f"many-{n}", str(n), "view", n, item_id="1") for n in range(20_000)]
    _, single = timed(lambda: [log.append([event], now=NOW) for event in one])
    groups = range(0, len(many), 1_000)
    _, grouped = timed(lambda: [log.append(many[n : n + 1_000], now=NOW) for n in groups])
    return [
        ("remember a stranger", unknown, READS),
        ("remember a user of the model", known, READS),
        ("append one event, durable", single, len(one)),
        ("append 1,000 events at a time, durable", grouped, len(many)),
    ]


def main() -> None:
    """Measure with as many rows as the command line says."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        Console().print(measure(rows, Path(folder)))


if __name__ == "__main__":
    main()
