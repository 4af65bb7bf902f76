"""A drawing and the few shapes that all of them share."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
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
INK = "#33415c"
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


def bars_with_intervals(
    axes: Axes, named: Mapping[str, Mapping[str, float]], *, label: str
) -> None:
    """Paint one horizontal bar an estimate, first on top, with its interval."""
    names = list(named)
    values = [named[name]["value"] for name in names]
    axes.barh(names, values, color=[COLOURS.get(name.split(":")[0], "#d0d7de") for name in names])
    for row, name in enumerate(names):
        axes.plot([named[name]["low"], named[name]["high"]], [row, row], color=INK, lw=1.5)
    axes.invert_yaxis()
    axes.set_xlabel(label)


def measured(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the estimates that could be measured; the others are None or say why not."""
    return {name: figure for name, figure in named.items() if figure and "value" in figure}


def diagonal(axes: Axes, highest: float) -> None:
    """Paint the line on which what was said is what was seen."""
    axes.plot([0, highest], [0, highest], color="#9aa5b1", lw=1, ls="--")
