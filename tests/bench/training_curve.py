"""`python -m tests.bench.training_curve`: what training costs by the number of events, drawn.

Points are what `python -m tests.bench.training --note` measured; the lines through them are powers
of the number of events by least squares, dashed beyond what was measured: a guess, and drawn so.
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
    for name, seconds in by_step(lines).items():
        _curve(left, events, seconds / 60, name)
    _curve(right, events, np.array([line["peak_mb"] for line in lines]) / 1e3, "all processes")
    left.set_ylabel("processor time, minutes")
    right.set_ylabel("most memory, GB")
    for axes in (left, right):
        axes.set_xlabel("events (measured: points; a guess: dashed)")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=8)
    figure.savefig(picture, dpi=110)
    console.print(f"{picture} drawn from {len(lines)} points")


def by_step(lines: list[dict[str, Any]]) -> dict[str, NDArray[np.float64]]:
    """Return the processor seconds of each step and of all, in the order of the lines."""
    found: dict[str, NDArray[np.float64]] = {"all": np.zeros(len(lines))}
    for place, line in enumerate(lines):
        for step, seconds in line["cpu"].items():
            name = step if step in OWN_LINES else "channel, register, gate"
            found.setdefault(name, np.zeros(len(lines)))[place] += seconds
            found["all"][place] += seconds
    return found


def power(events: NDArray[np.float64], cost: NDArray[np.float64]) -> tuple[float, float]:
    """Return the factor and the exponent of the power that is nearest, in logarithms."""
    exponent, factor = np.polyfit(np.log(events), np.log(cost), 1)
    return float(np.exp(factor)), float(exponent)


def _curve(axes: Axes, events: NDArray[np.float64], cost: NDArray[np.float64], name: str) -> None:
    known = cost > 0
    if known.sum() < 2:
        return
    factor, exponent = power(events[known], cost[known])
    (points,) = axes.loglog(events[known], cost[known], "o-", label=f"{name}: ∝ N^{exponent:.2f}")
    beyond = np.array([events[known].max(), UP_TO])
    axes.loglog(beyond, factor * beyond**exponent, "--", color=points.get_color(), alpha=0.6)
    console.print(f"{name}: {factor:.3g} · N^{exponent:.2f}, at 10^9 {factor * 1e9**exponent:,.0f}")


if __name__ == "__main__":
    run(main)
