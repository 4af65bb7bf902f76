"""Durable events a second through HTTP, beside the store's own: `python -m tests.bench.ingest`.

One worker, every commit on the disk. Events come in batches of 100, then one by one from many
clients at once; the store's own rate is that of bare inserts through its driver, 100 a transaction.
"""

from __future__ import annotations

from itertools import count
from statistics import median
from typing import Annotated

import typer
from rich.table import Table

from recsys.storage.database.open import open_database
from tests.bench.load import Load, post, put_load
from tests.bench.shops import Shop, shop
from tests.bench.tool import console, run, timed
from tests.stores import KINDS
from tests.worlds import ITEMS

BATCH = 100
AIMS = {"sqlite": 15_000, "postgresql": 8_000}
_INSERT = (
    "INSERT INTO events (event_id, sent_as, user_id, item_id, kind, at, quantity, simulated, "
    "source, ingested_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
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
    headings = ("100 a request: events/s", "of the store's own", "one by one: acks/s")
    table = Table("store", *headings, "p50 ms", "p99 ms", "errors", box=None)
    for one in kind or KINDS:
        with shop(one) as built, built.served() as app:
            turns, cpu = [], [app.cpu_seconds()]
            for _ in range(rounds):
                many = put_load(app.port, _batches(), total=batches, connections=8)
                bare = bare_rate(built, batches // 2)
                lone = put_load(app.port, _singles(), total=singles, connections=clients)
                turns.append((many, bare, lone))
            cpu.append(app.cpu_seconds())
        table.add_row(one, *figures(turns, aim=AIMS[one]))
        requests = rounds * (batches + singles)
        console.print(f"{one}: {(cpu[1] - cpu[0]) / requests * 1e6:,.0f} CPU µs a request")
    console.print(table)
    console.print(f"aims: {AIMS} events/s, .30 of its own, p99 25")


def figures(turns: list[tuple[Load, float, Load]], *, aim: int) -> list[str]:
    """Return the medians of the turns as text, a rate below its aim marked."""
    rate = median(batches.per_second * BATCH for batches, _, _ in turns)
    share = median(batches.per_second * BATCH / bare for batches, bare, _ in turns)
    lone = sorted((one for _, _, one in turns), key=lambda one: one.percentile(99))[len(turns) // 2]
    errors = sum(batches.errors + one.errors for batches, _, one in turns)
    mark = "" if rate >= aim else " (below)"
    rates = (f"{rate:,.0f}{mark}", f"{share:.2f}", f"{lone.per_second:,.0f}")
    return [*rates, *(f"{lone.percentile(q):.1f}" for q in (50, 99)), str(errors)]


def bare_rate(built: Shop, batches: int) -> float:
    """Return events a second of bare inserts through the driver, 100 a durable transaction."""
    database = open_database(built.world.config.storage.url)

    def insert() -> None:
        users = [f"u{n}" for n in range(BATCH)]
        for _ in range(batches):
            rows = [
                (f"bare-{next(_IDS)}", user, user, "i03", "view", 1, 1.0, False, "bench", 1)
                for user in users
            ]
            with database.writing() as writing:
                writing.executemany(_INSERT, rows)

    seconds = timed(insert).wall
    database.close()
    return batches * BATCH / seconds


def _batches() -> list[bytes]:
    turns = ([_event(turn * BATCH + n) for n in range(BATCH)] for turn in range(20))
    return [post("/v1/events", {"batch": batch}) for batch in turns]


def _singles() -> list[bytes]:
    return [post("/v1/events", _event(number)) for number in range(500)]


def _event(number: int) -> dict[str, object]:
    # Without an id of its own: every one is new.
    item = ITEMS[number % len(ITEMS)]
    return {"user_id": f"visitor-{number % 977}", "item_id": item, "event": "Product Viewed"}


if __name__ == "__main__":
    run(main)
