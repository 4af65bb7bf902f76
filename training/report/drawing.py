"""A drawing and the few shapes that all of them share."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = {
    "popular": "#9aa5b1",
    "segment": "#5b9bd5",
    "one_to_one": "#2e7d5b",
    "hyper": "#c0504d",
}
INK, DASHED, GREY = "#33415c", "#9aa5b1", "#d0d7de"
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "svg.fonttype": "none",
    "svg.hashsalt": "recsys",
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture as inline SVG, and what it shows in one sentence."""

    svg: Markup
    caption: str


def draw(paint: Callable[[Axes], None], *, caption: str, size: tuple[float, float]) -> Drawing:
    """Return what `paint` puts on one pair of axes; the same figures give the same bytes."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        paint(figure.add_subplot())
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    svg = text.getvalue()
    return Drawing(Markup(svg[svg.index("<svg") :]), caption)  # noqa: S704 - our own drawing


def bars(
    named: Mapping[str, Any], *, label: str, caption: str, tall: float = 0.3, left: float = 0.0
) -> Drawing:
    """Draw one horizontal bar of `tall` inches an estimate, first on top, with its interval.

    Estimates that could not be measured, which are None or say why not, are left out. With a
    `left` the axis begins there.
    """
    figures = {name: each for name, each in named.items() if each and "value" in each}
    colours = [COLOURS.get(name.split(":")[0], GREY) for name in figures]

    def paint(axes: Axes) -> None:
        axes.barh(list(figures), [each["value"] for each in figures.values()], color=colours)
        for row, each in enumerate(figures.values()):
            axes.plot([each["low"], each["high"]], [row, row], color=INK, lw=1.5)
        axes.invert_yaxis()
        axes.axvline(left, color=INK, lw=0.8)
        if left:
            axes.set_xlim(left=left)
        axes.set_xlabel(label)

    return draw(paint, caption=caption, size=(5, 0.6 + tall * max(len(figures), 1)))


def calibration(
    points: Sequence[tuple[float, float]],
    *,
    axes_of: tuple[str, str],
    caption: str,
    colour: str,
    size: tuple[float, float] = (4, 3.4),
) -> Drawing:
    """Draw what was said against what was seen, and the line on which they are the same."""

    def paint(axes: Axes) -> None:
        diagonal(axes, max(map(max, points)))
        axes.plot(*zip(*points, strict=True), "o-", color=colour)
        axes.set_xlabel(axes_of[0])
        axes.set_ylabel(axes_of[1])

    return draw(paint, caption=caption, size=size)


def diagonal(axes: Axes, highest: float) -> None:
    """Paint the line on which what was said is what was seen."""
    axes.plot([0, highest], [0, highest], color=DASHED, lw=1, ls="--")
