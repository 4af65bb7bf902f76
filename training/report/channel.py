"""The channel question drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from training.report.drawing import (
    COLOURS,
    INK,
    Drawing,
    bars_with_intervals,
    diagonal,
    draw,
    measured,
)


def drawn(metrics: Mapping[str, Any]) -> tuple[Drawing, ...]:
    """Return policy values, response by segment and calibration; nothing where unmeasured."""
    if not metrics.get("decisions"):
        return ()
    note = " Simulated messages." if metrics["simulated"] else ""
    drawings = [
        _values(metrics, note),
        _responses(metrics["response"], note),
        _uplift(metrics.get("uplift", {})),
        _calibration(metrics["calibration"], note),
    ]
    return tuple(drawing for drawing in drawings if drawing is not None)


def _values(metrics: Mapping[str, Any], note: str) -> Drawing | None:
    always = {f"always {arm}": value for arm, value in metrics["value_of_always"].items()}
    measurable = measured({**always, **metrics["value"]})
    if not measurable:
        return None

    def paint(axes: Axes) -> None:
        bars_with_intervals(axes, measurable, label="money per decision")

    caption = f"What each policy would have earned on held-out decisions.{note}"
    return draw(paint, caption=caption, size=(5, 0.6 + 0.3 * len(measurable)))


def _responses(cells: list[dict[str, Any]], note: str) -> Drawing | None:
    channels = list(dict.fromkeys(cell["channel"] for cell in cells))
    segments = list(dict.fromkeys(cell["segment"] for cell in cells))
    if not segments:
        return None
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
    return draw(paint, caption=caption, size=(5, 0.6 + 0.24 * len(segments)))


def _uplift(judged: Mapping[str, Any]) -> Drawing | None:
    cells = judged.get("effects")
    if not cells:
        return None
    named = {f"{cell['channel']}: {cell['segment']}": cell for cell in cells}

    def paint(axes: Axes) -> None:
        bars_with_intervals(axes, named, label=f"added to the probability of a {outcome}")
        axes.axvline(0, color=INK, lw=0.8)

    outcome = f"{judged['outcome']} within {judged['window_days']:g} days"
    caption = f"What a message adds over sending nothing. Deciding by it: {judged['why']}."
    return draw(paint, caption=caption, size=(5, 0.6 + 0.2 * len(named)))


def _calibration(bins: list[dict[str, float]], note: str) -> Drawing | None:
    if not bins:
        return None

    def paint(axes: Axes) -> None:
        diagonal(axes, max(max(each["believed"], each["observed"]) for each in bins))
        believed = [each["believed"] for each in bins]
        axes.plot(believed, [each["observed"] for each in bins], "o-", color=COLOURS["hyper"])
        axes.set_xlabel("response believed")
        axes.set_ylabel("response observed")

    return draw(paint, caption=f"Calibration of the served response.{note}", size=(4, 3.4))
