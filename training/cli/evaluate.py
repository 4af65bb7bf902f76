"""The commands that judge: evaluate and backtest on earlier windows, compare two versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli.console import console
from recsys.cli.options import ConfigFile, settings_of
from recsys.cli.progress import ConsoleSteps

if TYPE_CHECKING:
    from rich.console import Console

    from recsys.config import Config
    from recsys.storage.models.store import ModelStore
    from training.churn.backtest import Matured
    from training.data import TrainingData

app = typer.Typer()

SAFE = "nothing was written; run it again"

ReportFile = Annotated[
    Path | None,
    typer.Option("--report", help="Where the page is drawn. Default: in storage.reports_dir."),
]


@app.command()
def evaluate(
    config: ConfigFile = None,
    windows: Annotated[
        int, typer.Option(min=1, help="Windows of items.test_days, one before the other.")
    ] = 1,
    report_file: ReportFile = None,
) -> None:
    """Judge the item ladder on the last windows.

    Chooses and fits before each window, judges on it. The served ladder against popularity,
    what the user bought before, and ALS alone: over all items, and over items new to the user.
    Registers nothing.

    Example: recsys evaluate --windows 3
    """
    settings = settings_of(config)
    file = report_file or Path(settings.storage.reports_dir) / "evaluation.html"
    judge_items(settings, console(), windows=windows, report_file=file)


@app.command()
def backtest(
    config: ConfigFile = None,
    windows: Annotated[
        int, typer.Option(min=0, help="Windows of the churn horizon, one before the other.")
    ] = 4,
    report_file: ReportFile = None,
) -> None:
    """Hold what was said of churn against what happened.

    On windows that have closed. Trains as it would have been done before each window, and
    judges what registered versions had said: AUC, calibration, and what could be known before.
    Registers nothing.

    Example: recsys backtest --windows 2
    """
    settings = settings_of(config)
    file = report_file or Path(settings.storage.reports_dir) / "backtest.html"
    judge_churn(settings, console(), windows=windows, report_file=file)


@app.command()
def compare(
    one: Annotated[str, typer.Argument(help="A version, as `recsys models list` names it.")],
    other: Annotated[str, typer.Argument(help="Another version.")],
    config: ConfigFile = None,
) -> None:
    """Compare two registered versions on the same users.

    On the users that both were judged on; where there are none, says so and compares the means.

    Example: recsys compare VERSION OTHER
    """
    from recsys.storage.models.store import ModelStore
    from training.report import comparison

    settings = settings_of(config)
    store = ModelStore.of(settings.storage)
    for table in comparison.tables(store, (one, other), settings=settings.training):
        console().print(table)


def judge_items(config: Config, out: Console, *, windows: int, report_file: Path) -> None:
    """Judge the item ladder on the last windows, print the tables and draw the page."""
    from training.event_log import open_log
    from training.items.backtest import rolling
    from training.load import load
    from training.report import items_backtest as page

    with open_log(config) as log, ConsoleSteps(safe=SAFE) as steps:
        steps.begin("load")
        data = load(log, config)
        steps.begin("choose, fit and judge each window")
        tests = tuple(rolling(data, config, windows=windows, progress=steps.detail))
    for test in tests:
        for table in page.tables(test):
            out.print(table)
            out.print()
    _warn_of_pause(out, data, config)
    page.write(tests, report_file)
    out.print(f"report: {report_file}")


def judge_churn(config: Config, out: Console, *, windows: int, report_file: Path) -> None:
    """Judge churn on windows that have closed, print the tables and draw the page."""
    from recsys.data.times import moment
    from recsys.storage.models.store import ModelStore
    from training.churn import backtest as matured
    from training.event_log import open_log
    from training.load import load
    from training.report import churn_backtest as page

    store = ModelStore.of(config.storage)
    with open_log(config) as log, ConsoleSteps(safe=SAFE) as steps:
        steps.begin("load")
        data = load(log, config)
        steps.begin("train as before each window, and judge")
        anew = matured.trained_anew(data, config, windows=windows, progress=steps.detail)
        tests = (*anew, *_versions(store, data, config))
    out.print(page.table(tests))
    out.print(page.calibration(tests))
    for test in tests:
        for warning in test.warnings:
            out.print(f"{test.source}, {moment(test.at):%Y-%m-%d}, known before: {warning}")
    _warn_of_pause(out, data, config)
    page.write(tests, report_file)
    out.print(f"report: {report_file}")


def _warn_of_pause(out: Console, data: TrainingData, config: Config) -> None:
    from training.measurement import told

    if pause := told(data.interactions, days=config.items.test_days):
        out.print(pause, style="yellow")


def _versions(store: ModelStore, data: TrainingData, config: Config) -> Iterator[Matured]:
    """Yield how the registered versions did since, of those whose window has closed."""
    from recsys.bundle import Bundle
    from recsys.storage.models.store import Registered
    from training.churn import backtest as matured

    for entry in store.list():
        if isinstance(entry, Registered):
            bundle, _ = store.load(entry.version, Bundle)
            users = bundle.interactions.users
            found = matured.of_version(entry.version, bundle.churn, users, data, config)
            if found is not None:
                yield found
