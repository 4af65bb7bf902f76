"""The channel question drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from training.report.drawing import COLOURS, Drawing, bars, calibration, draw


def drawn(metrics: Mapping[str, Any]) -> tuple[Drawing, ...]:
    """Return policy values, response by segment and calibration; nothing where unmeasured."""
    if not metrics.get("decisions"):
        return ()
    note = " Simulated messages." if metrics["simulated"] else ""
    return (
        *_values(metrics, note),
        *_responses(metrics["response"], note),
        *_uplift(metrics.get("uplift", {})),
        *_calibration(metrics["calibration"], note),
    )


def _values(metrics: Mapping[str, Any], note: str) -> Iterator[Drawing]:
    always = {f"always {arm}": value for arm, value in metrics["value_of_always"].items()}
    named = {**always, **metrics["value"]}
    if any(value and "value" in value for value in named.values()):
        caption = f"What each policy would have earned on held-out decisions.{note}"
        yield bars(named, label="money per decision", caption=caption)


def _responses(cells: list[dict[str, Any]], note: str) -> Iterator[Drawing]:
    channels = list(dict.fromkeys(cell["channel"] for cell in cells))
    segments = list(dict.fromkeys(cell["segment"] for cell in cells))
    if not segments:
        return
    table = np.full((len(segments), len(channels)), np.nan)
    for cell in cells:
        table[segments.index(cell["segment"]), channels.index(cell["channel"])] = cell["p"]

    def paint(axes: Axes) -> None:
        axes.imshow(table, aspect="auto", cmap="Greens", vmin=0)
        axes.set_xticks(range(len(channels)), channels)
        axes.set_yticks(range(len(segments)), segments)
        middle = np.nanmax(table) * 0.6
        for (row, column), p in np.ndenumerate(table):
            colour = "white" if p > middle else "black"
            axes.text(column, row, f"{p:.1%}", ha="center", va="center", color=colour, fontsize=8)

    caption = f"Response by channel and segment, shrunk to the channel's mean.{note}"
    yield draw(paint, caption=caption, size=(5, 0.6 + 0.24 * len(segments)))


def _uplift(judged: Mapping[str, Any]) -> Iterator[Drawing]:
    cells = judged.get("effects")
    if not cells:
        return
    named = {f"{cell['channel']}: {cell['segment']}": cell for cell in cells}
    outcome = f"{judged['outcome']} within {judged['window_days']:g} days"
    caption = f"What a message adds over sending nothing. Deciding by it: {judged['why']}."
    yield bars(named, label=f"added to the probability of a {outcome}", caption=caption, tall=0.2)


def _calibration(bins: list[dict[str, float]], note: str) -> Iterator[Drawing]:
    if bins:
        yield calibration(
            [(each["believed"], each["observed"]) for each in bins],
            axes_of=("response believed", "response observed"),
            caption=f"Calibration of the served response.{note}",
            colour=COLOURS["hyper"],
        )
