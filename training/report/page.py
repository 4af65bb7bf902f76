"""The page: verdicts in words, figures with intervals, drawings."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from recsys.events import moment
from recsys.ladder import Question, RungName
from recsys.segments.groups import MIN_USERS
from training.report import channel, churn, items, ladder, segments
from training.run import Outcome

QUESTIONS = {
    Question.ITEMS: "Which items, in which order",
    Question.CHANNEL: "Which channel next",
    Question.CHURN: "How likely to churn",
}


def write(outcome: Outcome, file: Path) -> None:
    """Draw the report of a run into one HTML file; its folder is made where missing."""
    environment = Environment(
        loader=PackageLoader("training.report", "."),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["estimate"] = _estimate
    environment.filters["day"] = _day
    environment.filters["told"] = segments.told
    environment.filters["percent"] = _percent
    metrics = outcome.manifest.metrics
    page = environment.get_template("page.html.j2").render(
        outcome=outcome,
        manifest=outcome.manifest,
        questions=QUESTIONS,
        rungs=tuple(reversed(RungName)),
        ladder=ladder.drawn(outcome.manifest),
        sections={
            Question.ITEMS: items.drawn(metrics[Question.ITEMS]),
            Question.CHANNEL: channel.drawn(metrics[Question.CHANNEL]),
            Question.CHURN: churn.drawn(metrics[Question.CHURN]),
        },
        segments=metrics["segments"],
        segments_drawn=segments.drawn(metrics["segments"]),
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page, encoding="utf-8")


def _estimate(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return "not measurable"
    return f"{figure['value']:.4f} [{figure['low']:.4f}, {figure['high']:.4f}]"


def _percent(share: float | None, users: int) -> str:
    return "" if share is None or users < MIN_USERS else f"{share:.1%}"


def _day(at: int) -> str:
    known: datetime = moment(at)
    return f"{known:%Y-%m-%d %H:%M} UTC"
