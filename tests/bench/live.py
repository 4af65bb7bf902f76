"""Answers to who is at it right now, over HTTP: `python -m tests.bench.live`.

Visitors that the model has never seen do things, then ask: every answer comes from the live rung.
First the highest rate against a bare route, then latencies at half of it, each request at its time.
"""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import orjson
import typer
from rich.console import Console

from recsys.errors import RecsysError
from tests.bench.__main__ import SAMPLE, show
from tests.bench.champion import champion
from tests.bench.comparing import Plan, app_serving, compare, machine
from tests.bench.load import get, put_load
from tests.bench.servers import Server

HYPER = "hyper"
HALF = 0.5
AIM = 0.3

console = Console(highlight=False)


def main(
    config: Annotated[Path, typer.Option(help="Configuration with a champion.")] = SAMPLE,
    visitors: Annotated[int, typer.Option(min=1, help="How many ask.")] = 100,
    events: Annotated[int, typer.Option(min=1, help="What each of them did before.")] = 50,
    kind: Annotated[str, typer.Option(help="The kind of those events.")] = "view",
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each server.")] = 5,
    requests: Annotated[int, typer.Option(min=100, help="Requests a turn.")] = 2_000,
) -> None:
    """Measure; the events stay in the store of the configuration: use a copy or the demo's."""
    console.print(machine())
    with app_serving(config) as app:
        names = arrive(app, catalogue(config), visitors, events, kind)
        paths = [f"/v1/users/{name}/recommendations" for name in names]
        comparison = compare(app, paths, Plan(rounds, requests, 16), rung=HYPER)
        show(comparison, aim=AIM)
        peak = median(turn.real.per_second for turn in comparison.turns)
        asked = [get(path) for path in paths]
        load = put_load(app.port, asked, total=requests, connections=64, per_second=HALF * peak)
    console.print(
        f"at half of {peak:,.0f} requests/s: p50 {load.percentile(50):.2f} ms, "
        f"p99 {load.percentile(99):.2f} ms, {load.errors} failed (aim: 8 and 25)"
    )


def catalogue(config: Path) -> Sequence[str]:
    """Return the items that the champion may recommend."""
    bundle = champion(config, console)
    return [bundle.interactions.items[row] for row in np.flatnonzero(bundle.catalogue.available)]


def arrive(
    app: Server, items: Sequence[str], visitors: int, events: int, kind: str
) -> Sequence[str]:
    """Let visitors do things with items drawn at random; return their names."""
    rng = np.random.default_rng(0)
    names = [f"visitor-{os.getpid()}-{number}" for number in range(visitors)]
    with closing(http.client.HTTPConnection("127.0.0.1", app.port, timeout=30)) as connection:
        for name in names:
            drawn = rng.choice(len(items), events)
            batch = [{"user_id": name, "item_id": items[row], "event": kind} for row in drawn]
            connection.request("POST", "/v1/events", orjson.dumps({"batch": batch}))
            answer = connection.getresponse()
            told = orjson.loads(answer.read())
            if answer.status != http.client.OK or told["accepted"] != events:
                raise ValueError(f"the events of {name} were answered {answer.status}: {told}")
    return names


if __name__ == "__main__":
    try:
        typer.run(main)
    except RecsysError as error:
        console.print(f"error: {error}")
        sys.exit(1)
