"""The commands that judge: evaluate on earlier windows, compare two versions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from recsys.storage.files.config import read_config
from training.cli.options import ConfigFile

app = typer.Typer()

PIPED_WIDTH = 200

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
    """Judge the item ladder on the last windows: choose and fit before each, judge on it.

    The served ladder against popularity, what the user bought before, and ALS alone: over all
    items, and over items new to the user. Registers nothing.
    """
    from training import judging_job

    settings = read_config(config, os.environ)
    file = report_file or Path(settings.storage.reports_dir) / "evaluation.html"
    judging_job.evaluate(settings, _console(), windows=windows, report_file=file)


@app.command()
def backtest(
    config: ConfigFile = None,
    windows: Annotated[
        int, typer.Option(min=0, help="Windows of the churn horizon, one before the other.")
    ] = 4,
    report_file: ReportFile = None,
) -> None:
    """Hold what was said of churn against what happened, on windows that have closed.

    Trains as it would have been done before each window, and judges what registered versions had
    said: AUC, calibration, and what could be known before. Registers nothing.
    """
    from training import judging_job

    settings = read_config(config, os.environ)
    file = report_file or Path(settings.storage.reports_dir) / "backtest.html"
    judging_job.backtest(settings, _console(), windows=windows, report_file=file)


@app.command()
def compare(
    one: Annotated[str, typer.Argument(help="A version, as `recsys models list` names it.")],
    other: Annotated[str, typer.Argument(help="Another version.")],
    config: ConfigFile = None,
) -> None:
    """Compare two registered versions on the users that both were judged on."""
    from training import judging_job

    judging_job.compare(read_config(config, os.environ), _console(), one=one, other=other)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPED_WIDTH)
