"""The commands that bring data in: import, config."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from recsys.config import Config
from recsys.storage.config_file import read_config
from recsys.storage.database import open_database
from recsys.storage.event_log import EventLog
from recsys.storage.profiles import Profiles
from training.data_in import config_text
from training.data_in.importing import import_events
from training.data_in.profile_files import (
    ProfileReport,
    import_consents,
    import_items,
    import_users,
)
from training.data_in.read import refuse_unreadable
from training.data_in.report import ImportReport, rendered
from training.progress import ConsoleSteps

app = typer.Typer()

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", envvar="RECSYS_CONFIG", help="Configuration file."),
]


class Kind(StrEnum):
    """What a file is about."""

    EVENTS = "events"
    ITEMS = "items"
    USERS = "users"
    CONSENTS = "consents"


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
    """Import a file of events (or items, users, consents) and say what became of every row.

    Bad rows go to a quarantine file with their row number and the reason. Importing a file again
    changes nothing. Ends with 1 when no row could be used.
    """
    chosen = [
        kind for kind, said in zip(list(Kind)[1:], (items, users, consents), strict=True) if said
    ]
    if len(chosen) > 1:
        raise typer.BadParameter("only one of --items, --users, --consents")
    settings = read_config(config, os.environ)
    console = Console()
    report = _imported(file, chosen[0] if chosen else Kind.EVENTS, settings, console)
    console.print(rendered(report))
    if report.rows == sum(report.quarantined.values()):
        raise typer.Exit(1)


@app.command("config")
def show_config(config: ConfigFile = None) -> None:
    """Print the configuration in force: the file, the environment and the defaults together."""
    typer.echo(config_text.toml(read_config(config, os.environ)), nl=False)


def _imported(
    file: Path, kind: Kind, config: Config, console: Console
) -> ImportReport | ProfileReport:
    refuse_unreadable(file)
    now = time.time_ns() // 1000
    with _open_log(config) as log:
        profiles = Profiles(log.database)
        match kind:
            case Kind.EVENTS:
                with ConsoleSteps(console) as steps:
                    return import_events(file, config, log, now=now, watch=steps)
            case Kind.ITEMS:
                return import_items(file, config, profiles, now=now)
            case Kind.USERS:
                return import_users(file, config, profiles)
            case Kind.CONSENTS:
                return import_consents(file, config, profiles)


@contextmanager
def _open_log(config: Config) -> Iterator[EventLog]:
    database = open_database(config.storage.url)
    try:
        yield EventLog(database)
    finally:
        database.close()
