"""The page: verdicts in words, figures with intervals, drawings."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from recsys.data.times import moment
from recsys.ladder import Question, RungName
from recsys.segments.groups import MIN_USERS
from training.pipeline import TrainingRun
from training.report import channel, churn, items, ladder, segments, template

QUESTIONS = {
    Question.ITEMS: "Which items, in which order",
    Question.CHANNEL: "Which channel next",
    Question.CHURN: "How likely to churn",
}


def write(outcome: TrainingRun, file: Path) -> None:
    """Draw the report of a run into one HTML file; its folder is made where missing."""
    metrics = outcome.manifest.metrics
    template.fill(
        "page.html.j2",
        file,
        filters={
            "estimate": _estimate,
            "day": _day,
            "told": segments.told,
            "percent": _percent,
            "context": partial(items.context_told, figure=_estimate),
            "item_side": partial(items.item_side_told, figure=_estimate),
        },
        values={
            "outcome": outcome,
            "manifest": outcome.manifest,
            "questions": QUESTIONS,
            "rungs": tuple(reversed(RungName)),
            "ladder": ladder.drawn(outcome.manifest),
            "sections": {
                Question.ITEMS: items.drawn(metrics[Question.ITEMS]),
                Question.CHANNEL: channel.drawn(metrics[Question.CHANNEL]),
                Question.CHURN: churn.drawn(metrics[Question.CHURN]),
            },
            "segments": metrics["segments"],
            "segments_drawn": segments.drawn(metrics["segments"]),
        },
    )


def _estimate(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return "not measurable"
    return f"{figure['value']:.4f} [{figure['low']:.4f}, {figure['high']:.4f}]"


def _percent(share: float | None, users: int) -> str:
    return "" if share is None or users < MIN_USERS else f"{share:.1%}"


def _day(at: int) -> str:
    return f"{moment(at):%Y-%m-%d %H:%M} UTC"
