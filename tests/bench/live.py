"""Answers to who is at it right now, over HTTP: `python -m tests.bench.live`.

Visitors that the model has never seen do things, then ask: every answer comes from the live rung,
scored at every request, and then given again for `serving.live_seconds` as a server does that is
not told otherwise. Of both, first the highest rate against a bare route, then latencies at half of
it, each request at its time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import typer

from tests.bench.__main__ import SAMPLE, show
from tests.bench.champion import champion
from tests.bench.comparing import Plan, app_serving, compare
from tests.bench.load import get, put_load
from tests.bench.servers import Server
from tests.bench.tool import console, run

HYPER = "hyper"
HALF = 0.5
AIM = 0.3
WAYS = {
    "scored at every request": {"live_seconds": "0"},
    "given again for serving.live_seconds": {},
}
"""What is measured, by the settings of serving that make it so."""


def main(
    config: Annotated[Path, typer.Option(help="Configuration with a champion.")] = SAMPLE,
    visitors: Annotated[int, typer.Option(min=1, help="How many ask.")] = 100,
    events: Annotated[int, typer.Option(min=1, help="What each of them did before.")] = 50,
    kind: Annotated[str, typer.Option(help="The kind of those events.")] = "view",
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each server.")] = 5,
    requests: Annotated[int, typer.Option(min=100, help="Requests a turn.")] = 2_000,
) -> None:
    """Measure; the events stay in the store of the configuration: use a copy or the demo's."""
    items, plan = catalogue(config), Plan(rounds, requests, 16)
    for way, settings in WAYS.items():
        console.print(f"[bold]{events} events, {way}[/bold]")
        with app_serving(config, **settings) as app:
            names = arrive(app, items, visitors, events, kind)
            measure(app, [f"/v1/users/{name}/recommendations" for name in names], plan)


def measure(app: Server, paths: Sequence[str], plan: Plan) -> None:
    """Print the highest rate, and latencies at half of it."""
    comparison = compare(app, paths, plan, rung=HYPER)
    show(comparison, aim=AIM)
    peak = median(turn.real.per_second for turn in comparison.turns)
    asked, rate = [get(path) for path in paths], HALF * peak
    load = put_load(app.port, asked, total=plan.requests, connections=64, per_second=rate)
    console.print(
        f"at half of {peak:,.0f} requests/s: p50 {load.percentile(50):.2f} ms, "
        f"p99 {load.percentile(99):.2f} ms, {load.errors} failed (aim: 8 and 25)"
    )


def catalogue(config: Path) -> Sequence[str]:
    """Return the items that the champion may recommend."""
    bundle = champion(config)
    rows = np.flatnonzero(bundle.catalogue.available).tolist()
    return [bundle.interactions.items[row] for row in rows]


def arrive(
    app: Server, items: Sequence[str], visitors: int, events: int, kind: str
) -> Sequence[str]:
    """Let visitors do things with items drawn at random; return their names."""
    rng = np.random.default_rng(0)
    names = [f"visitor-{os.getpid()}-{app.port}-{number}" for number in range(visitors)]
    for name in names:
        drawn = rng.choice(len(items), events)
        batch = [{"user_id": name, "item_id": items[row], "event": kind} for row in drawn]
        told = app.post("/v1/events", {"batch": batch})
        if told["accepted"] != events:
            raise ValueError(f"of the events of {name} not all were accepted: {told}")
    return names


if __name__ == "__main__":
    run(main)
