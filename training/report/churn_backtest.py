"""What was said of churn against what happened: as a table, and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from rich.table import Table

from recsys.evaluation.classification import ReliabilityBin
from recsys.evaluation.estimate import Estimate
from training.churn.backtest import Matured, pooled
from training.report import drawing, template
from training.report.churn import SAID_AND_SEEN
from training.report.drawing import COLOURS, INK, Drawing, draw
from training.report.items_backtest import day


def table(tests: Sequence[Matured]) -> Table:
    """Return one row a window."""
    shown = Table(title="What was said of churn, and what happened", box=None)
    for heading in (
        "window", "by", "users", "churned", "said", "AUC", "ECE", "AUC recency", "AUC P0",
    ):  # fmt: skip
        shown.add_column(heading)
    for test in tests:
        shown.add_row(
            f"{day(test.at)} + {test.horizon_days} d",
            f"{test.source}, {test.how}",
            f"{len(test.p):,}",
            f"{test.churned.mean():.3f}",
            f"{test.p.mean():.3f}",
            _estimate(test.auc),
            _estimate(test.ece),
            _plain(test.auc_recency),
            _plain(test.auc_p0),
        )
    return shown


def calibration(tests: Sequence[Matured]) -> Table:
    """Return the calibration table over all windows."""
    shown = Table(title="Calibration, all windows together", box=None)
    for heading in ("users", "said", "churned"):
        shown.add_column(heading)
    for part in pooled(tests):
        shown.add_row(f"{part.n:,}", f"{part.said:.3f}", f"{part.seen:.3f}")
    return shown


def write(tests: Sequence[Matured], file: Path) -> None:
    """Draw all windows into one HTML file; its folder is made where missing."""
    template.fill(
        "matured.html.j2",
        file,
        filters={"day": day, "estimate": _estimate, "plain": _plain},
        values={"tests": tests, "drawings": drawn(tests), "calibration": pooled(tests)},
    )


def drawn(tests: Sequence[Matured]) -> tuple[Drawing, ...]:
    """Return ranking by window, and calibration by window and of all; nothing without windows."""
    measurable = [(test, test.auc) for test in tests if test.auc is not None]
    if not measurable:
        return ()
    return (
        _ranking(measurable),
        _reliability(pooled(tests), "Calibration of all windows together: on the line is right."),
        *(
            _reliability(test.reliability(), f"{day(test.at)} + {test.horizon_days} days.")
            for test in tests
        ),
    )


def _ranking(tests: Sequence[tuple[Matured, Estimate]]) -> Drawing:
    def paint(axes: Axes) -> None:
        for row, (test, auc) in enumerate(tests):
            axes.plot([auc.low, auc.high], [row, row], color=COLOURS["one_to_one"], lw=3)
            axes.plot(auc.value, row, "o", color=COLOURS["one_to_one"])
            for simple, mark in ((test.auc_recency, "|"), (test.auc_p0, "x")):
                if simple is not None:
                    axes.plot(simple, row, mark, color=INK, ms=9)
        axes.set_yticks(range(len(tests)), [f"{day(t.at)}, {t.source}" for t, _ in tests])
        axes.set_ylim(len(tests) - 0.4, -0.6)
        axes.set_xlabel("AUC")

    caption = "Ranking by window with its interval; | is recency alone, x is BG/NBD P0."
    return draw(paint, caption=caption, size=(6, 0.8 + 0.4 * len(tests)))


def _reliability(bins: Sequence[ReliabilityBin], caption: str) -> Drawing:
    return drawing.calibration(
        [(each.said, each.seen) for each in bins],
        axes_of=SAID_AND_SEEN,
        caption=caption,
        colour=COLOURS["one_to_one"],
        size=(3.4, 2.9),
    )


def _estimate(estimate: Estimate | None) -> str:
    return "not measurable" if estimate is None else str(estimate)


def _plain(value: float | None) -> str:
    return "not measurable" if value is None else f"{value:.4f}"
