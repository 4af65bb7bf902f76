"""The page of an experiment: what was found in words, and dots with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes

from recsys.evaluation.estimate import Estimate, NotMeasured
from recsys.experiments.report import Report
from recsys.storage.experiments.steps import RungLift
from recsys.storage.experiments.store import SavedExperiment
from training.report import template
from training.report.drawing import INK, Drawing, draw


def write(saved: SavedExperiment, report: Report, lifts: Sequence[RungLift], file: Path) -> None:
    """Draw the report of an experiment into one HTML file; its folder is made where missing."""
    drawings = [
        dots(
            {f"{one.variant}: {one.metric}": one.relative for one in report.compared},
            label="relative lift over the control",
            caption="A dot is what was measured, the line what it may be at this look.",
        )
    ]
    if lifts:
        named = {
            " ".join(filter(None, (one.rung, one.placement, one.segment))): one.lift
            for one in lifts
        }
        caption = "What each rung adds per person-week; below 0 it does harm."
        drawings.append(dots(named, label=saved.experiment.primary.title, caption=caption))
    template.fill(
        "experiment.html.j2",
        file,
        filters={"told": told},
        values={"saved": saved, "report": report, "lifts": lifts, "drawings": drawings},
    )


def dots(named: Mapping[str, Estimate | NotMeasured], *, label: str, caption: str) -> Drawing:
    """Draw a dot with its interval an estimate, first on top, but of what was not measured."""
    figures = {name: one for name, one in named.items() if isinstance(one, Estimate)}

    def paint(axes: Axes) -> None:
        for row, one in enumerate(figures.values()):
            axes.plot([one.low, one.high], [row, row], color=INK, lw=1.5)
            axes.plot(one.value, row, "o", color=INK)
        axes.set_yticks(range(len(figures)), list(figures))
        axes.invert_yaxis()
        axes.axvline(0.0, color=INK, lw=0.8, ls="--")
        axes.set_xlabel(label)

    return draw(paint, caption=caption, size=(6, 0.8 + 0.35 * max(len(figures), 1)))


def told(found: Estimate | NotMeasured) -> str:
    """Return an estimate in figures, or why there is none."""
    return found.why if isinstance(found, NotMeasured) else str(found)
