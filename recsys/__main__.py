"""The command line: the one module that knows training and serving both."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.text import Text

from api.cli import export, serve
from recsys.errors import RecsysError
from training.cli import benchmark, data, evaluate, forecast, models, policy, storage, train, tune

app = typer.Typer(
    name="recsys",
    help="Which items, which channel, how likely to churn: one answer, and the rung it came from.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for part in (
    data.app,
    train.app,
    evaluate.app,
    tune.app,
    benchmark.app,
    forecast.app,
    serve.app,
    export.app,
):
    app.registered_commands += part.registered_commands
app.add_typer(models.app, name="models")
app.add_typer(policy.app, name="policy")
app.add_typer(storage.app, name="storage")


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
