"""The segments drawn: the map of recency and frequency, and the flow through the lifecycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from recsys.segments.groups import MIN_USERS
from recsys.segments.lifecycle import STATES
from training.report.drawing import INK, Drawing, draw

RISK = LinearSegmentedColormap.from_list("risk", ["#d7ebe0", "#fdf3d4", "#e9a69e"])
UNKNOWN = "#eef1f4"
STAGES = {
    "new": "#5b9bd5",
    "current": "#2e7d5b",
    "resurrected": "#8fbf9f",
    "dormant": "#e3b448",
    "churned": "#c0504d",
    "not yet": "#9aa5b1",
}
GAP = 0.03
BAR = 0.04


def drawn(metrics: Mapping[str, Any]) -> tuple[Drawing, ...]:
    """Return the map and the flow; nothing where nobody has ordered."""
    if not any(cell["users"] for cell in metrics["grid"]):
        return ()
    return _map(metrics["grid"]), _flow(metrics["transitions"], metrics["period_days"])


def told(users: int) -> str:
    """Return a count, not told where few users could be recognised."""
    return f"{users:,}" if users == 0 or users >= MIN_USERS else f"< {MIN_USERS}"


def _map(cells: Sequence[Mapping[str, Any]]) -> Drawing:
    clear = [cell["churn"] for cell in cells if cell["churn"] is not None and _shown(cell)]
    highest = max(clear, default=1.0)

    def paint(axes: Axes) -> None:
        for cell in cells:
            x, y = cell["frequency"] - 0.5, cell["recency"] - 0.5
            risk = cell["churn"] if _shown(cell) else None
            colour = UNKNOWN if risk is None else RISK(risk / highest)
            axes.add_patch(Rectangle((x, y), 1, 1, facecolor=colour, edgecolor="white", lw=2))
            if cell["users"]:
                axes.text(x + 0.5, y + 0.5, _words(cell), ha="center", va="center", fontsize=7.5)
        axes.set_xlim(0.5, 5.5)
        axes.set_ylim(0.5, 5.5)
        axes.set_xticks(range(1, 6), ["one order", "few", "", "", "most orders"])
        axes.set_yticks(range(1, 6), ["longest ago", "", "", "", "latest order"])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    caption = (
        "Where users stand: recency in fifths upwards, frequency to the right. Each cell has its "
        f"segment, its users and the mean probability of churn of the active ones; grey cells have "
        f"fewer than {MIN_USERS} active users, too few to tell."
    )
    return draw(paint, caption=caption, size=(7, 4.4))


def _shown(cell: Mapping[str, Any]) -> bool:
    return bool(cell["churn_users"] >= MIN_USERS)


def _words(cell: Mapping[str, Any]) -> str:
    name = str(cell["segment"]).replace("_", " ")
    measurable = cell["churn"] is not None and _shown(cell)
    risk = f"\n{cell['churn']:.0%} churn" if measurable else ""
    return f"{name}\n{told(cell['users'])}{risk}"


def _flow(moves: Sequence[Sequence[int]], period_days: int) -> Drawing:
    # who comes in stands above the new, so that fewer ribbons cross
    moves = [moves[-1], *moves[:-1]]
    counts = np.array(moves, np.float64)
    counts = counts / max(counts.sum(), 1)
    before, now = ("not yet", *STATES), STATES

    def paint(axes: Axes) -> None:
        left, right = _places(counts.sum(1)), _places(counts.sum(0))
        ends = [span[0] for span in right]
        for row, came_from in enumerate(before):
            start = left[row][0]
            _bar(axes, 0, left[row], came_from, _told(moves[row]))
            for column, state in enumerate(now):
                width = counts[row, column]
                if width > 0:
                    _ribbon(axes, start, ends[column], width, STAGES[state])
                start += width
                ends[column] += width
        for column, state in enumerate(now):
            _bar(axes, 1, right[column], state, _told([row[column] for row in moves]))
        axes.set_xlim(-0.42, 1.42)
        axes.set_ylim(max(span[1] for span in (*left, *right)) + 0.02, -0.1)
        axes.text(0, -0.05, "one period ago", ha="center", color=INK)
        axes.text(1, -0.05, "now", ha="center", color=INK)
        axes.set_axis_off()

    caption = (
        f"The life of users from one period of {period_days} days to the next: new, current and "
        "resurrected are active; dormant missed one period, churned two or more."
    )
    return draw(paint, caption=caption, size=(6.4, 4.4))


def _places(shares: np.ndarray[Any, Any]) -> list[tuple[float, float]]:
    """Return top and bottom of each bar, one under the other."""
    tops = np.cumsum(np.concatenate([[0.0], shares[:-1] + GAP * (shares[:-1] > 0)]))
    return [(float(top), float(top + share)) for top, share in zip(tops, shares, strict=True)]


def _bar(axes: Axes, x: int, span: tuple[float, float], name: str, users: str) -> None:
    top, bottom = span
    if bottom <= top:
        return
    corner = (x - BAR / 2, top)
    axes.add_patch(Rectangle(corner, BAR, bottom - top, facecolor=STAGES[name], lw=0))
    side = -1 if x == 0 else 1
    axes.text(
        x + side * BAR,
        (top + bottom) / 2,
        f"{name}  {users}",
        ha="right" if x == 0 else "left",
        va="center",
        color=INK,
    )


def _ribbon(axes: Axes, start: float, end: float, width: float, colour: str) -> None:
    a, b = BAR / 2, 1 - BAR / 2
    corners = [
        (a, start), (0.5, start), (0.5, end), (b, end),
        (b, end + width), (0.5, end + width), (0.5, start + width), (a, start + width),
        (a, start),
    ]  # fmt: skip
    curve = [Path.CURVE4] * 3
    codes = [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY]
    axes.add_patch(PathPatch(Path(corners, codes), facecolor=colour, alpha=0.45, lw=0))


def _told(users: Sequence[int]) -> str:
    return told(int(sum(users)))
