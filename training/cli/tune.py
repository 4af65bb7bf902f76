"""The command that searches settings: tune."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from recsys.storage.files.config import DEFAULT, read_config
from training.cli.options import ConfigFile

app = typer.Typer()

SECONDS_A_MINUTE = 60


@app.command()
def tune(  # noqa: PLR0913 - the options of a command
    config: ConfigFile = None,
    *,
    trials: Annotated[int, typer.Option(min=1, help="Settings tried at most.")] = 40,
    minutes: Annotated[
        float, typer.Option(min=0.01, help="Search at most so long; confirming comes on top.")
    ] = 10.0,
    windows: Annotated[
        int, typer.Option(min=1, help="Windows of items.test_days searched on: steadier, slower.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of what is tried.")] = 7,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the last search stopped.")
    ] = False,
    report_file: Annotated[
        Path | None,
        typer.Option(
            "--report", help="Where the evidence goes. Default: tuning.json in storage.reports_dir."
        ),
    ] = None,
) -> None:
    """Search better item settings and write them to the configuration file, if they are.

    Searches on earlier windows, never on the test window. The best settings must clearly beat
    those in force on a window that the search did not see; otherwise nothing is written.
    """
    settings = read_config(config, os.environ)
    from training.tuning import job
    from training.tuning.search import SearchBudget

    job.tune(
        settings,
        Console(highlight=False),
        job.TuneRequest(
            budget=SearchBudget(trials, minutes * SECONDS_A_MINUTE),
            seed=seed,
            windows=windows,
            resume=resume,
            config_file=config or DEFAULT,
            report_file=report_file or Path(settings.storage.reports_dir) / "tuning.json",
        ),
    )
