"""What another worker is worth: `python -m tests.bench.workers` (needs a core for the load, too).

The same questions to one worker and to two, in turns; each worker is a process of one thread, so
that two of them can be twice as quick only where two cores are free for them. Where they are not,
the processor time of the servers alone tells what two would be worth: twice what one is, less what
a request costs more with two.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from statistics import median
from typing import Annotated

import typer

from tests.bench.load import get, put_load
from tests.bench.shops import Shop, shop
from tests.bench.tool import console, run
from tests.worlds import USERS

AIM = 1.7


@dataclass(frozen=True, slots=True)
class Turn:
    """Answers a second, and processor time of the server for one answer."""

    per_second: float
    cpu_us: float


def main(
    kind: Annotated[str, typer.Option(help="sqlite or postgresql")] = "sqlite",
    requests: Annotated[int, typer.Option(min=100, help="Requests a turn.")] = 6_000,
    rounds: Annotated[int, typer.Option(min=1, help="Turns.")] = 3,
) -> None:
    """Measure and print the median of the turns."""
    with shop(kind) as built:
        pairs = [[_turn(built, n, requests) for n in (1, 2)] for _ in range(rounds)]
    cores = os.cpu_count() or 1
    short = "" if cores > 2 else f"; with {cores} cores the load takes its share of them"
    ratio = median(two.per_second / one.per_second for one, two in pairs)
    alone = median(2 * one.cpu_us / two.cpu_us for one, two in pairs)
    console.print(f"{kind}: two workers {ratio:.2f} times one (aim: {AIM}){short}")
    console.print(f"by the processor time of the servers, with a core each: {alone:.2f} times one")


def _turn(built: Shop, workers: int, requests: int) -> Turn:
    paths = [get(f"/v1/users/{user}") for user in USERS[:50]]
    with built.served("--workers", str(workers)) as app:
        put_load(app.port, paths, total=200, connections=16)
        before = app.cpu_seconds()
        load = put_load(app.port, paths, total=requests, connections=16)
        cpu_us = (app.cpu_seconds() - before) / requests * 1e6
    rate = f"{load.per_second:,.0f} requests/s, {cpu_us:,.0f} CPU µs each"
    console.print(f"{workers}: {rate}, {load.errors} failed")
    return Turn(load.per_second, cpu_us)


if __name__ == "__main__":
    run(main)
