"""The commands that bring data in: import, config."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from recsys.storage.files.config import read_config
from training.cli.options import ConfigFile

app = typer.Typer()


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, JSON lines (either also .gz) or Parquet.")],
    *,
    items: Annotated[bool, typer.Option("--items", help="The file describes items.")] = False,
    users: Annotated[bool, typer.Option("--users", help="The file describes users.")] = False,
    consents: Annotated[
        bool, typer.Option("--consents", help="The file is a ledger of consents.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    r"""Import a file of events (or items, users, consents) and say what became of every row.

    Bad rows go to a quarantine file with their row number and the reason. Importing a file again
    changes nothing. Ends with 1 when no row could be used.

    A ledger of consents (purpose: marketing by channel, or profiling; granted: yes or no):

    \b
    user_id,purpose,channel,granted,at
    ann,marketing,email,yes,2025-01-31T12:00:00Z
    """
    asked = {"items": items, "users": users, "consents": consents}
    about = [name for name, said in asked.items() if said] or ["events"]
    if len(about) > 1:
        raise typer.BadParameter("only one of --items, --users, --consents")
    settings = read_config(config, os.environ)
    from training import job

    if not job.import_file(file, settings, Console(), about=about[0]):
        raise typer.Exit(1)


@app.command("config")
def show_config(config: ConfigFile = None) -> None:
    """Print the configuration in force: the file, the environment and the defaults together."""
    from training.cli import config_toml

    typer.echo(config_toml.toml(read_config(config, os.environ)), nl=False)
