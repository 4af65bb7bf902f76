"""How fast files come in: `python -m tests.bench.importing`.

Makes a seeded CSV of a shop, then measures each stage on its own and the whole import, and the
reads that serving and training make afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import polars as pl
import typer
from rich.table import Table

from recsys.config import parse
from recsys.data.times import SECOND
from recsys.storage.database.open import open_database
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.users.live_state import LiveState
from tests.bench.tool import console, run, timed
from training.importing.events import import_events
from training.importing.read import read_file
from training.importing.validate import validate
from training.load import load

SEED = 7
NOW = 1_700_000_000 * SECOND
READS = 5_000


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


def measure(rows: int, folder: Path) -> Iterator[tuple[str, float, int]]:
    """Yield each stage with its seconds and how many it was about."""
    file = made(folder, rows, seed=SEED)
    config = parse({"storage": {"quarantine_dir": str(folder / "quarantine")}}, {})
    database = open_database(f"sqlite:///{folder}/store.db")
    log, live = EventLog(database), LiveState(database)
    yield "read", timed(lambda: read_file(file)).wall, rows
    whole = timed(lambda: validate(read_file(file), config, now=NOW)).wall
    yield "read, validate, deduplicate, name", whole, rows
    yield (
        "whole import, durable",
        timed(lambda: import_events(file, config, log, now=NOW)).wall,
        rows,
    )
    again = timed(lambda: import_events(file, config, log, now=NOW)).wall
    yield "the same file again", again, rows
    last = log.last_seq()
    yield "load for training", timed(lambda: load(log, config)).wall, last
    for who, form in (("a stranger", "?{}"), ("a user of the model", "{}")):
        users = [form.format(n) for n in range(READS)]
        yield f"remember {who}", timed(partial(remember, live, users, last)).wall, READS
    for size, n in ((1, 200), (1_000, 20_000)):
        events = [Event(f"{size}-{row}", str(row), "view", row, item_id="1") for row in range(n)]
        seconds = timed(partial(append, log, events, size)).wall
        yield f"append {size:,} at a time, durable", seconds, n
    database.close()


def remember(live: LiveState, users: Sequence[str], since: int) -> None:
    """Read what is remembered of each user."""
    for user in users:
        live.of(user, since=since, at=NOW)


def append(log: EventLog, events: Sequence[Event], size: int) -> None:
    """Write events, so many at a time."""
    for start in range(0, len(events), size):
        log.append(events[start : start + size], now=NOW)


def main(
    rows: Annotated[int, typer.Option(min=1_000, help="Rows of the file.")] = 1_000_000,
) -> None:
    """Print each stage, and how many it does a second."""
    table = Table("stage", "seconds", "a second", box=None)
    with TemporaryDirectory() as folder:
        for stage, seconds, count in measure(rows, Path(folder)):
            table.add_row(stage, f"{seconds:.2f}", f"{count / seconds:,.0f}")
    console.print(table)


if __name__ == "__main__":
    run(main)
