"""The command that makes models: train."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli import clock
from recsys.cli.console import console
from recsys.cli.options import ConfigFile, settings_of
from recsys.cli.progress import ConsoleSteps

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.text import Text

    from recsys.config import Config
    from recsys.evaluation.estimate import Estimate
    from recsys.ladder import Verdict
    from training.pipeline import TrainingRun
    from training.progress import StepCost

app = typer.Typer()

REGISTERED = "the version is registered, see `recsys models list`; run it again to have it judged"


@app.command()
def train(
    config: ConfigFile = None,
    report_file: Annotated[
        Path | None,
        typer.Option(
            "--report", help="The HTML report. Default: VERSION.html in storage.reports_dir."
        ),
    ] = None,
) -> None:
    """Fit, judge and register all rungs; promote what earns it.

    Prints the verdict on every rung. Stopped with Ctrl-C before the end, nothing is registered.
    Ends with 1 when there is nothing to learn from.

    Example: recsys train --report today.html
    """
    carry_out(settings_of(config), console(), report_file=report_file)


def carry_out(config: Config, out: Console, *, report_file: Path | None = None) -> None:
    """Train on what is in the event log, show what came of it, and draw the report."""
    from recsys.storage.models.store import ModelStore
    from training.event_log import open_log
    from training.pipeline import run
    from training.report import page

    store = ModelStore.of(config.storage)
    steps = ConsoleSteps(
        safe="nothing was registered; run it again",
        safe_from={
            "gate against the champion": REGISTERED,
            "draw the report": "the version is registered and judged; only its report is missing",
        },
    )
    with open_log(config) as log, steps:
        outcome = run(config, log, store, now=clock.now(), steps=steps)
        steps.begin("draw the report")
        file = report_file or Path(config.storage.reports_dir) / f"{outcome.version}.html"
        page.write(outcome, file)
    out.print(rendered(outcome))
    out.print(f"report: {file}", soft_wrap=True)


def rendered(outcome: TrainingRun) -> Group:
    """Return the verdict on every rung, and whether the version was promoted."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from recsys.ladder import Question

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
                _served(verdict),
            )
    fate = "promoted" if outcome.gate.promote else "registered, not promoted"
    lines = (Text(f"version {outcome.version}: {fate}"), *map(Text, outcome.gate.why))
    churn = outcome.manifest.metrics.get(Question.CHURN, {})
    return Group(table, *lines, *_warnings(outcome.warnings, churn), *_costs(outcome.costs))


def _warnings(of_run: tuple[str, ...], churn: dict[str, dict[str, list[str]]]) -> Iterator[Text]:
    """Yield what the run warns of, and what could be known of churn before a window opens."""
    from rich.text import Text

    yield from (Text(warning, style="yellow") for warning in of_run)
    windows = {"drift_before_the_test": "the judged window", "drift": "the next window"}
    for name, window in windows.items():
        for warning in churn.get(name, {}).get("warnings", ()):
            yield Text(f"churn, {window}: {warning}", style="yellow")


def _costs(costs: tuple[StepCost, ...]) -> Iterator[Text]:
    """Yield what each step took, and the most memory of all processes up to its end."""
    from rich.text import Text

    for cost in costs:
        took = (
            f"{cost.seconds:.1f} s, {cost.cpu_seconds:.1f} s of processors, "
            f"{cost.peak_bytes / 1e6:,.0f} MB at most so far"
        )
        yield Text(f"{cost.step}: {took}", style="dim")


def _served(verdict: Verdict) -> str:
    """Return to whom a rung is served: all, nobody, or which kinds of person."""
    from recsys.ladder import Standing

    by_kind = verdict.by_kind.items()
    of = {s: ", ".join(kind for kind, each in by_kind if each.standing is s) for s in Standing}
    if not of[Standing.TRIAL] and (not verdict.shipped or not of[Standing.OUT]):
        return "[green]yes[/]" if verdict.shipped else "[yellow]no[/]"
    words = {Standing.SHIPPED: "[green]{}[/]", Standing.TRIAL: "[yellow]on trial: {}[/]"}
    return "; ".join(word.format(of[standing]) for standing, word in words.items() if of[standing])


def _lift(lift: Estimate | None) -> str:
    if lift is None:
        return "not measurable"
    return f"{lift.value:+.4f} [{lift.low:+.4f}, {lift.high:+.4f}]"
