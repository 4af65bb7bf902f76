"""`make bench`: the hot routes as ratios to a bare route, measured in one run on this machine.

It trains nothing unless told to: it serves the champion that the configuration points to.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Annotated
from urllib.parse import quote

import numpy as np
import typer
from rich.table import Table

from tests.bench.champion import champion
from tests.bench.comparing import (
    Comparison,
    Plan,
    app_serving,
    blas_threads,
    compare,
    guards,
    ready_seconds,
)
from tests.bench.load import Load
from tests.bench.tool import console, run

SAMPLE = Path("training/sample/recsys.toml")
ROUTES = ("/v1/users/{user}/recommendations",)
RUNG = "one_to_one"
USERS = 500


def main(
    config: Annotated[Path, typer.Option(help="Configuration with a champion.")] = SAMPLE,
    path: Annotated[
        list[str] | None, typer.Option(help="Route to measure; {user} takes known users.")
    ] = None,
    rung: Annotated[str, typer.Option(help="Measure answers of this rung; empty: all.")] = RUNG,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each server.")] = 9,
    requests: Annotated[int, typer.Option(min=100, help="Requests a turn.")] = 8_000,
    connections: Annotated[int, typer.Option(min=1, help="Requests in flight.")] = 16,
    *,
    keys: Annotated[bool, typer.Option("--keys", help="What keys and limits cost.")] = False,
    prepare: Annotated[bool, typer.Option("--prepare", help="Train the demo first.")] = False,
) -> None:
    """Measure requests/s, p99 latency and the time to readiness of one worker."""
    if prepare:
        command = [sys.executable, "-m", "recsys", "demo", "--prepare-only"]
        subprocess.run(command, check=True)
    users = known_users(config)
    if keys:
        show_guards(config, ROUTES[0], users, Plan(rounds, requests, connections))
        return
    started = ready_seconds(config, times=3)
    console.print(f"a worker is ready in {min(started):.2f}-{max(started):.2f} s (aim: 1.5)")
    with app_serving(config) as app:
        console.print(f"BLAS threads: {dict(blas_threads(app))} (aim: 1 each)")
        for route in path or ROUTES:
            paths = [route.format(user=quote(user, safe="")) for user in users]
            plan = Plan(rounds, requests, connections)
            show(compare(app, paths, plan, rung=rung or None))


def known_users(config: Path) -> Sequence[str]:
    """Return users of the champion, evenly spread."""
    known = champion(config).interactions.users
    rows = np.unique(np.linspace(0, len(known) - 1, USERS).astype(int))
    return [known[row] for row in rows]


def show_guards(config: Path, route: str, users: Sequence[str], plan: Plan) -> None:
    """Print what keys and limits cost, as ratios to the same server without."""
    found = guards(config, [route.format(user=quote(user, safe="")) for user in users], plan)
    for name, ratios in zip(("requests/s", "CPU time"), zip(*found, strict=True), strict=True):
        spread = f"from {min(ratios):.3f} to {max(ratios):.3f}"
        console.print(f"with keys and limits, {name}: {median(ratios):.3f} of without, {spread}")
    console.print("aim: at most 5 % slower")


def show(comparison: Comparison, *, aim: float = 0.5) -> None:
    """Print the turns and the ratios; `aim` is for the share of the bare route's requests/s."""
    rungs = ", ".join(f"{rung} {count}" for rung, count in sorted(comparison.rungs.items()))
    console.print(f"{comparison.path} and so on: {comparison.body_bytes:,} bytes; users by {rungs}")
    table = Table("", "requests/s", "p50 ms", "p99 ms", "CPU µs", "errors", box=None)
    for turn in comparison.turns:
        table.add_row("bare", *_figures(turn.bare, turn.bare_cpu_us))
        table.add_row("real", *_figures(turn.real, turn.real_cpu_us))
    console.print(table)
    for name, ratio, wanted in (
        ("requests/s of bare", comparison.throughput_ratio, f"at least {aim:.2f}"),
        ("the same by CPU time", comparison.cpu_ratio, f"at least {aim:.2f}"),
        ("p99 latency over bare", comparison.p99_ratio, "at most 3"),
    ):
        middle, low, high = ratio
        console.print(f"{name}: {middle:.2f}, from {low:.2f} to {high:.2f} (aim: {wanted})")


def _figures(load: Load, cpu_us: float) -> tuple[str, ...]:
    latencies = (f"{load.percentile(q):.2f}" for q in (50, 99))
    return (f"{load.per_second:,.0f}", *latencies, f"{cpu_us:.0f}", str(load.errors))


if __name__ == "__main__":
    run(main)
