"""The command line: ``recsys``. What it can do, packages register; see `recsys.cli.commands`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from recsys.cli.commands import Commands
from recsys.errors import BadQuery, RecsysError
from recsys.project import version

app = typer.Typer(
    name="recsys",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,  # loads in a third of the time, and a mistake is told in one line
    pretty_exceptions_enable=False,
    epilog="First look: recsys demo. Your own data: recsys import, recsys train, recsys serve.",
)


def _tell_version(asked: bool) -> None:  # noqa: FBT001 - as typer calls it
    if asked:
        typer.echo(f"recsys {version()}")
        raise typer.Exit


@app.callback()
def recsys(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Which items, which channel, how likely to churn: one answer, and the rung it came from."""


def main() -> None:
    """Run the command line; what went wrong on purpose is one line, not a traceback."""
    try:
        app()
    except RecsysError as error:
        from rich.console import Console
        from rich.text import Text

        message = Text.assemble(("error: ", "red"), said(error, sys.argv[1:]))
        Console(stderr=True, soft_wrap=True).print(message, highlight=False)
        sys.exit(1)


def said(error: RecsysError, words: Sequence[str]) -> str:
    """Return what went wrong; a parameter that was given as an option is called as the option."""
    if not isinstance(error, BadQuery):
        return str(error)
    option = f"--{error.parameter.replace('_', '-')}"
    given = any(word == option or word.startswith(f"{option}=") for word in words)
    return f"{option}{str(error).removeprefix(error.parameter)}" if given else str(error)


if __name__ == "__main__":
    main()
