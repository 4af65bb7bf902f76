"""How long pages of the console take on a large store: ``python -m tests.bench.console_pages``.

The store is made for it: people and their events, drawn at random, beside the small shop whose
model answers. What is counted over the whole store is counted once, behind the pages, and told
apart. Times are of one process, all its threads, in milliseconds of CPU and of the clock.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from starlette.testclient import TestClient

from api.app import create_app
from api.console.access import now
from api.console.pages import PAGES
from recsys.data.times import DAY
from recsys.storage.access import accounts, sessions
from recsys.storage.access.accounts import Role
from recsys.storage.database.open import open_database
from recsys.storage.events.log import EventLog
from recsys.storage.users.profiles import Profiles
from tests.bench.tool import console, run
from tests.worlds import END, ITEMS, build

BATCH = 500_000
STATES = {
    "person": "?id=u03", "item": "?id=i03", "placements": "?placement=default",
    "segments": "?segment=rfm:loyal",
}  # fmt: skip


def fill(url: str, *, people: int, events: int, seed: int = 1) -> None:
    """Add people with events of the last 90 days to a store, in order of time."""
    rng, log = np.random.default_rng(seed), EventLog(open_database(url))
    profiles = Profiles(log.database)
    for start in range(0, people, BATCH):
        each = range(start, min(start + BATCH, people))
        profiles.put_users((f"p{n}", {"country": "France"}, "") for n in each)
    at = np.sort(END - rng.integers(1, 90 * DAY, events))
    for start in range(0, events, BATCH):
        count = min(BATCH, events - start)
        kinds = np.where(rng.random(count) < 0.8, "view", "purchase").tolist()
        columns = {
            "event_id": [f"b{start + n}" for n in range(count)],
            "user_id": [f"p{n}" for n in rng.integers(0, people, count).tolist()],
            "kind": kinds,
            "at": at[start : start + count],
            "item_id": [ITEMS[n] for n in rng.integers(0, len(ITEMS), count).tolist()],
            "value": rng.random(count) * 50,
        }
        log.append_columns(columns, now=END, source="bench")
        console.print(f"{start + count:,} events")
    log.database.close()


def measure(client: TestClient, path: str, *, rounds: int) -> tuple[float, float, float]:
    """Return the median and the 95th percentile by the clock, and the CPU a page, in ms."""
    walls, began = [], time.process_time()
    for _ in range(rounds):
        start = time.perf_counter()
        assert client.get(path).status_code == 200, path
        walls.append(1_000 * (time.perf_counter() - start))
    cpu = 1_000 * (time.process_time() - began) / rounds
    return float(np.median(walls)), float(np.quantile(walls, 0.95)), cpu


def main(
    people: Annotated[int, typer.Option(min=1)] = 1_000_000,
    events: Annotated[int, typer.Option(min=1)] = 10_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="Of each page.")] = 20,
) -> None:
    """Make the store, wait until it is counted, and print a line a page."""
    with tempfile.TemporaryDirectory() as folder:
        world = build(Path(folder))
        fill(world.config.storage.url, people=people, events=events)
        app = create_app(world.config, clock=lambda: END)
        with TestClient(app) as client:
            database = app.service.log.database
            accounts.add(database, "ann", Role.ADMIN, "", at=now())
            client.base_url = "https://bench.example"
            client.cookies.set("__Host-recsys", sessions.begin(database, "ann", at=now()))
            began = time.perf_counter()
            while not client.get("/console/data/kinds.json").json():
                time.sleep(0.2)
            console.print(f"counted behind the pages in {time.perf_counter() - began:.1f} s")
            for name in PAGES:
                path = f"/console/{name}{STATES.get(name, '')}"
                middle, most, cpu = measure(client, path, rounds=rounds)
                console.print(f"{name:12} p50 {middle:6.1f}  p95 {most:6.1f}  CPU {cpu:6.1f}")


if __name__ == "__main__":
    run(main)
