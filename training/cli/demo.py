"""The command that shows all of it on shipped data: demo."""

from __future__ import annotations

from typing import Annotated

import typer

from recsys.cli.console import console

app = typer.Typer()


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where the API listens.")] = 8000,
    *,
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="Train, but do not serve.")
    ] = False,
) -> None:
    """Train on a shipped shop, serve it, and show answers.

    A year of a real shop, with simulated messages. It takes about two minutes on two cores.
    Everything is made anew in var/demo; Ctrl-C ends it.

    Example: recsys demo --port 9000
    """
    from training.cli import train
    from training.demo import run

    out = console()
    if not prepare_only:
        run.refuse_taken(port)
    out.print("This takes about two minutes on two cores.")
    config = run.prepare(out)
    train.carry_out(config, out)
    run.experiment(out, config)
    if prepare_only:
        out.print(f"serve it with: recsys serve --config {run.CONFIG}", soft_wrap=True)
        return
    try:
        run.serve(out, port=port)
    except KeyboardInterrupt:
        out.print("Goodbye.")
