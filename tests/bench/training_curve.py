"""`python -m tests.bench.training_curve`: what training costs by the number of events, drawn.

Points are what `python -m tests.bench.training --note` measured. Beyond them time and memory go on
as what there is without events and what each event adds: a guess, and dashed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import nnls

from tests.bench.tool import console, run

POINTS = Path(__file__).with_suffix(".jsonl")
PICTURE = Path(__file__).parents[2] / "api" / "guide" / "images" / "training-cost.png"
UP_TO = 1_000_000_000
OWN_LINES = {"load", "items", "churn", "refit on everything"}
"""Steps that have a line of their own; the others are together."""


def main(
    points: Annotated[Path, typer.Option(help="Lines of JSON.")] = POINTS,
    picture: Annotated[Path, typer.Option(help="A PNG file.")] = PICTURE,
) -> None:
    """Draw, and say what the lines are."""
    lines = [json.loads(line) for line in points.read_text(encoding="utf-8").splitlines()]
    lines.sort(key=lambda line: int(line["events"]))
    events = np.array([line["events"] for line in lines], float)
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    beyond = np.geomspace(events.max(), UP_TO, 30)
    total = np.zeros(len(beyond))
    steps = by_step(lines)
    for name, minutes in steps.items():
        base, each = base_and_each(events, np.maximum(minutes, 1e-3))
        guess = base + each * beyond
        total += guess
        label = f"{name}: {base:.1f} min and {each * 6e7:,.0f} µs an event"
        _curve(left, (events, minutes), (beyond, guess), label)
    _curve(left, (events, sum(steps.values(), np.zeros(len(lines)))), (beyond, total), "all")
    peak = np.array([line["peak_mb"] for line in lines]) / 1e3
    base, each = base_and_each(events, peak)
    label = f"{base:.2f} GB and {each * 1e9:,.0f} B an event"
    _curve(right, (events, peak), (beyond, base + each * beyond), label)
    left.set_ylabel("processor time, minutes")
    right.set_ylabel("most memory, GB")
    for axes in (left, right):
        axes.set_xlabel("events (measured: points; a guess: dashed)")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=8)
    figure.savefig(picture, dpi=110)
    console.print(f"{picture} drawn from {len(lines)} points")


Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


def by_step(lines: list[dict[str, Any]]) -> dict[str, NDArray[np.float64]]:
    """Return the processor minutes of each step, in the order of the lines; the least together."""
    found: dict[str, NDArray[np.float64]] = {}
    for place, line in enumerate(lines):
        for step, seconds in line["cpu"].items():
            name = step if step in OWN_LINES else "channel, register, gate"
            found.setdefault(name, np.zeros(len(lines)))[place] += seconds / 60
    return found


def base_and_each(events: NDArray[np.float64], cost: NDArray[np.float64]) -> tuple[float, float]:
    """Return what there is without events and what each adds, not below 0: the nearest line."""
    system = np.column_stack([np.ones(len(events)), events]) / cost[:, None]
    # In millions, so that both numbers are of one size.
    found, _ = nnls(system * [1, 1e-6], np.ones(len(events)))
    return float(found[0]), float(found[1]) * 1e-6


def _curve(axes: Axes, measured: Curve, guessed: Curve, label: str) -> None:
    (points,) = axes.loglog(*measured, "o-", label=label)
    axes.loglog(*guessed, "--", color=points.get_color(), alpha=0.6)
    console.print(f"{label}; at 10^9: {guessed[1][-1]:,.0f}")


if __name__ == "__main__":
    run(main)
