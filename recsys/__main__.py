"""The command line: the one module that knows training and serving both."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.text import Text

import api.cli
import api.export_cli
import training.benchmark_cli
import training.cli
import training.evaluate_cli
import training.forecast_cli
import training.models_cli
import training.policy_cli
import training.storage_cli
import training.train_cli
import training.tune_cli
from recsys.errors import RecsysError

app = typer.Typer(
    name="recsys",
    help="Which items, which channel, how likely to churn: one answer, and the rung it came from.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for part in (
    training.cli.app,
    training.train_cli.app,
    training.evaluate_cli.app,
    training.tune_cli.app,
    training.benchmark_cli.app,
    training.forecast_cli.app,
    api.cli.app,
    api.export_cli.app,
):
    app.registered_commands += part.registered_commands
app.add_typer(training.models_cli.app, name="models")
app.add_typer(training.policy_cli.app, name="policy")
app.add_typer(training.storage_cli.app, name="storage")


def main() -> None:
    """Run the command line; what went wrong on purpose is one line, not a traceback."""
    try:
        app()
    except RecsysError as error:
        message = Text.assemble(("error: ", "red"), str(error))
        Console(stderr=True, soft_wrap=True).print(message, highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
