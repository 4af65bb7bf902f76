"""Durable events a second through HTTP, beside the store's own: `python -m tests.bench.ingest`.

One worker, every commit on the disk. Events come in batches of 100, then one by one from many
clients at once; the store's own rate is that of bare inserts through its driver, 100 a transaction.
"""

from __future__ import annotations

import json
import time
from itertools import count
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from recsys.storage.database.open import open_database
from tests.bench.comparing import machine
from tests.bench.load import Load, post, put_load
from tests.bench.shops import Shop, shop
from tests.stores import KINDS
from tests.worlds import ITEMS

BATCH = 100
AIMS = {"sqlite": 15_000, "postgresql": 8_000}
_INSERT = (
    "INSERT INTO events (event_id, user_id, item_id, kind, at, quantity, simulated, source, "
    "ingested_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_IDS = count()


def main(
    kind: Annotated[list[str] | None, typer.Option(help="sqlite, postgresql; default both")] = None,
    batches: Annotated[int, typer.Option(min=10, help="Batches of 100 a turn.")] = 400,
    singles: Annotated[int, typer.Option(min=100, help="Single events a turn.")] = 6_000,
    clients: Annotated[int, typer.Option(min=1, help="Clients of single events.")] = 64,
    rounds: Annotated[int, typer.Option(min=1, help="Turns.")] = 3,
) -> None:
    """Measure and print, the median of the turns."""
    console = Console(highlight=False)
    console.print(machine())
    table = Table("store", "100 a request: events/s", "of the store's own", "one by one: acks/s",
                  "p50 ms", "p99 ms", "errors", box=None)  # fmt: skip
    for one in kind or KINDS:
        with shop(one) as built, built.served() as app:
            turns, cpu = [], [app.cpu_seconds()]
            for _ in range(rounds):
                many = put_load(app.port, _batches(), total=batches, connections=8)
                bare = bare_rate(built, batches // 2)
                turns.append((many, bare, put_load(app.port, _singles(), total=singles,
                                                   connections=clients)))  # fmt: skip
            cpu.append(app.cpu_seconds())
        table.add_row(one, *figures(turns, aim=AIMS[one]))
        requests = rounds * (batches + singles)
        console.print(f"{one}: {(cpu[1] - cpu[0]) / requests * 1e6:,.0f} CPU µs a request")
    console.print(table)
    console.print("aims: at least 15,000 (SQLite) and 8,000 (PostgreSQL), .30 of its own, p99 25")


def figures(turns: list[tuple[Load, float, Load]], *, aim: int) -> list[str]:
    """Return the medians of the turns as text, a rate below its aim marked."""
    middle = len(turns) // 2
    rate = sorted(batches.per_second * BATCH for batches, _, _ in turns)[middle]
    share = sorted(batches.per_second * BATCH / bare for batches, bare, _ in turns)[middle]
    lone = sorted((one for _, _, one in turns), key=lambda one: one.percentile(99))[middle]
    errors = sum(batches.errors + one.errors for batches, _, one in turns)
    mark = "" if rate >= aim else " (below)"
    rates = (f"{rate:,.0f}{mark}", f"{share:.2f}", f"{lone.per_second:,.0f}")
    return [*rates, *(f"{lone.percentile(q):.1f}" for q in (50, 99)), str(errors)]


def bare_rate(built: Shop, batches: int) -> float:
    """Return events a second of bare inserts through the driver, 100 a durable transaction."""
    database = open_database(built.world.config.storage.url)
    began = time.perf_counter()
    for _ in range(batches):
        rows = [
            (f"bare-{next(_IDS)}", f"u{n}", "i03", "view", 1, 1.0, False, "bench", 1)
            for n in range(BATCH)
        ]
        with database.writing() as writing:
            writing.executemany(_INSERT, rows)
    seconds = time.perf_counter() - began
    database.close()
    return batches * BATCH / seconds


def _batches() -> list[bytes]:
    return [
        post("/v1/events", json.dumps({"batch": [_event(turn * BATCH + n) for n in range(BATCH)]}))
        for turn in range(20)
    ]


def _singles() -> list[bytes]:
    return [post("/v1/events", json.dumps(_event(number))) for number in range(500)]


def _event(number: int) -> dict[str, object]:
    # Without an id of its own: every one is new.
    item = ITEMS[number % len(ITEMS)]
    return {"user_id": f"visitor-{number % 977}", "item_id": item, "event": "Product Viewed"}


if __name__ == "__main__":
    typer.run(main)
