"""A training run in one readable table."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group
from rich.table import Table
from rich.text import Text

from recsys.evaluation.estimate import Estimate
from recsys.ladder import Question
from training.pipeline import TrainingRun


def rendered(outcome: TrainingRun) -> Group:
    """Return the verdict on every rung, and whether the version was promoted."""
    table = Table(title="Is each rung better than the one below? (held-out, later data)")
    for heading in ("question", "rung", "against", "metric", "lift", "users", "served"):
        table.add_column(heading, overflow="fold")
    simulated = {Question.CHANNEL: " (simulated)"} if outcome.manifest.simulated else {}
    for measurement in outcome.measurements:
        question = f"{measurement.question}{simulated.get(measurement.question, '')}"
        for verdict in measurement.verdicts.values():
            table.add_row(
                question,
                verdict.rung,
                verdict.below,
                verdict.metric,
                _lift(verdict.lift),
                f"{verdict.lift.n:,}" if verdict.lift else "",
                "[green]yes[/]" if verdict.shipped else "[yellow]no[/]",
            )
    fate = "promoted" if outcome.gate.promote else "registered, not promoted"
    lines = (Text(f"version {outcome.version}: {fate}"), *map(Text, outcome.gate.why))
    return Group(table, *lines, *_warnings(outcome))


def _warnings(outcome: TrainingRun) -> Iterator[Text]:
    """Yield what the run warns of, and what could be known of churn before a window opens."""
    yield from (Text(warning, style="yellow") for warning in outcome.warnings)
    churn = outcome.manifest.metrics.get(Question.CHURN, {})
    windows = {"drift_before_the_test": "the judged window", "drift": "the next window"}
    for name, window in windows.items():
        for warning in churn.get(name, {}).get("warnings", ()):
            yield Text(f"churn, {window}: {warning}", style="yellow")


def _lift(lift: Estimate | None) -> str:
    return (
        "not measurable"
        if lift is None
        else f"{lift.value:+.4f} [{lift.low:+.4f}, {lift.high:+.4f}]"
    )
