"""The champion swapped under load fails no request: `python -m tests.bench.swap`.

Two versions take turns as champion of a small shop while many connections ask; every answer has to
be a 200 from one of the two, whole.
"""

from __future__ import annotations

import threading
import time
from typing import Annotated

import typer

from recsys.storage.database.open import open_store
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.models.store import ModelStore
from tests import worlds
from tests.bench.load import Load, get, put_load
from tests.bench.servers import Server
from tests.bench.shops import Shop, shop
from tests.bench.tool import console, run
from tests.worlds import END, USERS, World


def main(
    swaps: Annotated[int, typer.Option(min=1, help="Times the champion changes.")] = 20,
    workers: Annotated[int, typer.Option(min=1, help="Processes of the server.")] = 2,
    every_seconds: Annotated[float, typer.Option(min=0.1, help="Between two swaps.")] = 1.5,
) -> None:
    """Swap, count failures and how soon every worker follows."""
    with shop("sqlite") as built:
        second = another(built.world)
        versions = (second, built.world.version)
        with built.served("--workers", str(workers), RECSYS_SERVING__POLL_SECONDS="0.2") as app:
            loads, followed = under_load(built, app, versions, swaps, every_seconds)
    errors, answers = sum(load.errors for load in loads), 1_000 * len(loads)
    p99 = max(load.percentile(99) for load in loads)
    console.print(
        f"{swaps} swaps, {workers} workers: {answers:,} requests, {errors} failed; "
        f"followed after {max(followed):.2f} s at the most (aim: 0 failed, within seconds); "
        f"p99 of the slowest thousand {p99:.1f} ms"
    )
    raise typer.Exit(errors > 0)


def another(world: World) -> str:
    """Return another version of the shop, registered and champion."""
    log = EventLog(open_store(world.config.storage))
    log.append([Event("late", USERS[0], "purchase", END - 1, item_id="i05", value=2.0)], now=END)
    version = worlds.train(world.config, log)
    log.database.close()
    return version


def under_load(
    built: Shop, app: Server, versions: tuple[str, str], swaps: int, every_seconds: float
) -> tuple[list[Load], list[float]]:
    """Swap while others ask; return what they got, and how long each swap took to be served."""
    store = ModelStore.of(built.world.config.storage)
    followed: list[float] = []

    def swap() -> None:
        for number in range(swaps):
            version = versions[(number + 1) % 2]
            store.promote(version, why="bench", at=END)
            began = time.perf_counter()
            while version.encode() not in app.get("/v1/models/current")[1]:
                time.sleep(0.01)
            followed.append(time.perf_counter() - began)
            time.sleep(max(0.0, every_seconds - followed[-1]))

    paths = [get(f"/v1/users/{user}") for user in USERS[:40]]
    thread = threading.Thread(target=swap)
    thread.start()
    loads = []
    while thread.is_alive():
        loads.append(put_load(app.port, paths, total=1_000, connections=8))
    thread.join()
    return loads, followed


if __name__ == "__main__":
    run(main)
