"""The commands that make models: train, demo."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from recsys.errors import PortInUse
from recsys.storage.files.config import read_config
from training.cli.options import ConfigFile
from training.demo import run as showing

app = typer.Typer()


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
    """Fit and measure all rungs, register the version, promote it if it earns it."""
    from training import job

    job.train(read_config(config, os.environ), Console(), report_file=report_file)


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where the API listens.")] = 8000,
    *,
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="Train, but do not serve.")
    ] = False,
) -> None:
    """Train on the shipped shop with simulated messages, serve, and show answers.

    It takes about two minutes on two cores. Everything is made anew in var/demo; Ctrl-C ends it.
    """
    from training import job

    console = Console()
    if not prepare_only:
        _refuse_taken(port)
    console.print("This takes about two minutes on two cores.")
    job.prepare_demo(read_config(showing.CONFIG, os.environ), console)
    if prepare_only:
        console.print(f"serve it with: recsys serve --config {showing.CONFIG}", soft_wrap=True)
        return
    try:
        with showing.serving(port=port, config=showing.CONFIG) as server:
            showing.show_answers(console, port=port)
            console.print("\nServing until Ctrl-C.")
            server.wait()
    except KeyboardInterrupt:
        console.print("Goodbye.")


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortInUse("127.0.0.1", port, error.strerror or str(error)) from error
