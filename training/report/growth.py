"""The page of growth: the lifecycle as bars, and the inputs of the North Star as lines."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes

from recsys.growth.doings import day_of
from recsys.growth.lifecycle import lifecycle
from recsys.growth.north_star import FACTORS, series
from recsys.storage.events.growth import Growth
from training.report import template
from training.report.drawing import COLOURS, INK, Drawing, draw

_SIZE = (8.0, 3.2)


def write(found: Growth, period: int, file: Path) -> None:
    """Draw growth into one HTML file; its folder is made where missing."""
    drawings = [_lifecycle(found, period), _north_star(found, period)]
    template.fill("growth.html.j2", file, filters={}, values={"drawings": drawings, "days": period})


def _lifecycle(found: Growth, period: int) -> Drawing:
    periods = lifecycle(found.done, days=period)
    names = [day_of(one.first_day) for one in periods]

    def paint(axes: Axes) -> None:
        below = [0] * len(periods)
        kinds = zip(("current", "resurrected", "new"), COLOURS.values(), strict=False)
        for kind, colour in kinds:
            counts = [getattr(one, kind) for one in periods]
            axes.bar(names, counts, bottom=below, color=colour, label=kind)
            below = [a + b for a, b in zip(below, counts, strict=True)]
        axes.bar(names, [-one.dormant for one in periods], color=COLOURS["hyper"], label="dormant")
        axes.axhline(0.0, color=INK, lw=0.8)
        axes.tick_params(axis="x", rotation=60)
        axes.legend(frameon=False)

    return draw(paint, caption="People by interval; below 0 those who did not return.", size=_SIZE)


def _north_star(found: Growth, period: int) -> Drawing:
    stars = series(found.done, found.seen, days=period)

    def paint(axes: Axes) -> None:
        for factor, colour in zip(FACTORS, COLOURS.values(), strict=True):
            values = [getattr(one, factor) for one in stars]
            base = next((value for value in values if value), 1.0)
            axes.plot([value / base for value in values], color=colour, label=factor)
        axes.set_xticks(range(len(stars)), [day_of(one.first_day) for one in stars], rotation=60)
        axes.legend(frameon=False)

    caption = "The inputs of the North Star, each as a multiple of its first interval."
    return draw(paint, caption=caption, size=_SIZE)
