"""The churn question drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from recsys.evaluation.profit import profit_curve
from training.report.drawing import (
    COLOURS,
    DASHED,
    GREY,
    INK,
    Drawing,
    bars,
    calibration,
    diagonal,
    draw,
)

MOST_EFFECTS = 6
SAID_AND_SEEN = "probability said", "share that churned"
CAMPAIGN = "a user is worth 200, an offer costs 10, a contact 1; 30 % of addressed churners stay"


def drawn(metrics: Mapping[str, Any]) -> tuple[Drawing, ...]:
    """Return calibration, lift, comparison and feature effects; nothing where unmeasured."""
    if not metrics.get("models"):
        return ()
    return (
        calibration(
            [(each["said"], each["seen"]) for each in metrics["reliability"]],
            axes_of=SAID_AND_SEEN,
            caption="Calibration on held-out users, ten bins of equal size: on the line is right.",
            colour=COLOURS["one_to_one"],
        ),
        _lift_curve(metrics["lift_curve"], metrics["churn_rate"]),
        _profit_curve(metrics["lift_curve"], metrics["churn_rate"]),
        bars(
            {name: figures.get("auc") for name, figures in metrics["models"].items()},
            label="AUC",
            caption="Ranking of churners above stayers (AUC; .5 is chance).",
            left=0.5,
        ),
        bars(
            {name: figures.get("empc") for name, figures in metrics["models"].items()},
            label="profit per user",
            caption=f"Expected maximum profit of a retention campaign per user (EMPC: {CAMPAIGN}, "
            "give or take).",
        ),
        *_survival(metrics["usage_interval"]),
        *(_effect(effect) for effect in metrics["effects"][:MOST_EFFECTS]),
    )


def _lift_curve(points: list[tuple[float, float]], churn_rate: float) -> Drawing:
    def paint(axes: Axes) -> None:
        diagonal(axes, 1.0)
        axes.plot(*zip(*points, strict=True), color=COLOURS["one_to_one"])
        axes.plot([0, churn_rate, 1], [0, 1, 1], color=GREY, lw=1)
        axes.set_xlabel("share of users, riskiest first")
        axes.set_ylabel("share of churners reached")

    caption = "How many churners are reached; dashed is chance, grey is perfect foresight."
    return draw(paint, caption=caption, size=(4, 3.4))


def _profit_curve(points: list[tuple[float, float]], churn_rate: float) -> Drawing:
    curve = profit_curve(points, churn_rate)
    share, best = max(curve, key=lambda point: point[1])

    def paint(axes: Axes) -> None:
        axes.axhline(0, color=DASHED, lw=1, ls="--")
        axes.plot(*zip(*curve, strict=True), color=COLOURS["one_to_one"])
        axes.plot(share, best, "o", color=INK)
        axes.annotate(f"{best:.2f} at {share:.0%}", (share, best), (6, 4),
                      textcoords="offset points", color=INK)  # fmt: skip
        axes.margins(y=0.15)
        axes.set_xlabel("share of users addressed, riskiest first")
        axes.set_ylabel("profit per user")

    caption = f"What a retention campaign earns by how many it addresses ({CAMPAIGN})."
    return draw(paint, caption=caption, size=(4, 3.4))


def _survival(usage: Mapping[str, Any]) -> tuple[Drawing, ...]:
    curve = usage["survival_curve"]
    if not curve:
        return ()

    def paint(axes: Axes) -> None:
        axes.step(*zip((0, 1), *curve, strict=True), where="post", color=COLOURS["one_to_one"])
        axes.axhline(0.2, color=DASHED, lw=1, ls="--")
        for days, words, style in (
            (usage["days"], "usage interval", ":"),
            (usage["survival_days"], "with open gaps", "-."),
        ):
            if days is not None:
                axes.axvline(days, color=INK, lw=1, ls=style, label=f"{words}: {days:g} d")
        if axes.get_legend_handles_labels()[1]:
            # Above the axes: inside, wherever it stood, some shop's curve would run through it.
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=8)
        axes.set_ylim(0, 1)
        axes.set_xlim(left=0)
        axes.set_xlabel("days since an active day")
        axes.set_ylabel("share not back yet")

    caption = (
        "How long users stay away before they come back (Kaplan-Meier; gaps still open count as "
        "that). Upright: within so many days 80 % of users, or of active days, are followed by "
        "another one."
    )
    return (draw(paint, caption=caption, size=(4, 3.4)),)


def _effect(effect: Mapping[str, Any]) -> Drawing:
    def paint(axes: Axes) -> None:
        cuts, levels = effect["thresholds"], effect["log_odds"]
        width = (cuts[-1] - cuts[0]) / max(len(cuts), 1) or 1.0
        axes.stairs(levels, [cuts[0] - width, *cuts, cuts[-1] + width], color=INK, baseline=None)
        axes.axhline(0, color=DASHED, lw=1, ls="--")
        axes.set_xlabel(effect["feature"].replace("_", " "))
        axes.set_ylabel("log-odds of churn")

    return draw(paint, caption=f"Effect of {effect['feature'].replace('_', ' ')}.", size=(3.2, 2.2))
