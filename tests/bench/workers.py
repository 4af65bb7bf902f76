"""What another worker is worth: `python -m tests.bench.workers` (needs a core for the load, too).

The same questions to one worker and to two, in turns; each worker is a process of one thread, so
that two of them can be twice as quick only where two cores are free for them.
"""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console

from tests.bench.comparing import machine
from tests.bench.load import get, put_load
from tests.bench.shops import Shop, shop
from tests.worlds import USERS

AIM = 1.7


def main(
    kind: Annotated[str, typer.Option(help="sqlite or postgresql")] = "sqlite",
    requests: Annotated[int, typer.Option(min=100, help="Requests a turn.")] = 6_000,
    rounds: Annotated[int, typer.Option(min=1, help="Turns.")] = 3,
) -> None:
    """Measure and print the median of the turns."""
    console = Console(highlight=False)
    console.print(machine())
    with shop(kind) as built:
        ratios = sorted(_ratio(built, requests, console) for _ in range(rounds))
    cores = os.cpu_count() or 1
    short = "" if cores > 2 else f"; with {cores} cores the load takes its share of them"
    console.print(f"{kind}: two workers {ratios[rounds // 2]:.2f} times one (aim: {AIM}){short}")


def _ratio(built: Shop, requests: int, console: Console) -> float:
    paths = [get(f"/v1/users/{user}") for user in USERS[:50]]
    rates = []
    for workers in (1, 2):
        with built.served("--workers", str(workers)) as app:
            put_load(app.port, paths, total=200, connections=16)
            load = put_load(app.port, paths, total=requests, connections=16)
        console.print(f"{workers}: {load.per_second:,.0f} requests/s, {load.errors} failed")
        rates.append(load.per_second)
    return rates[1] / rates[0]


if __name__ == "__main__":
    typer.run(main)
