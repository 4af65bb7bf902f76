"""The commands that bring data in: import, config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli import clock
from recsys.cli.console import console
from recsys.cli.options import ConfigFile, settings_of
from recsys.cli.progress import ConsoleSteps

if TYPE_CHECKING:
    from rich.console import Console

    from recsys.config import Config
    from training.importing.profiles import ProfileReport
    from training.importing.report import ImportReport

app = typer.Typer()

SAFE = "nothing was logged; import the file again"
SAFE_WITH_EVENTS = (
    "the events are logged, their titles, prices and traits not all; import the file again: "
    "no event counts twice"
)


@app.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(help="CSV, JSON lines (either also .gz), Parquet, or a zip of them.")
    ],
    *,
    items: Annotated[bool, typer.Option("--items", help="The file describes items.")] = False,
    users: Annotated[bool, typer.Option("--users", help="The file describes users.")] = False,
    consents: Annotated[
        bool, typer.Option("--consents", help="The file is a ledger of consents.")
    ] = False,
    tool: Annotated[
        str,
        typer.Option("--as", help="The tool it is of (klaviyo, klaviyo.events); none: of none."),
    ] = "",
    config: ConfigFile = None,
) -> None:
    """Import a file of events, items, users or consents.

    Says what became of every row; of a zip file by file. Bad rows go to a quarantine file with
    their row number and the reason. Importing a file again changes nothing. Ends with 1 when no row
    could be used.

    A ledger of consents (purpose: marketing by channel, or profiling; granted: yes or no):

    user_id,purpose,channel,granted,at

    ann,marketing,email,yes,2025-01-31T12:00:00Z

    Example: recsys import events.csv
    """
    asked = {"items": items, "users": users, "consents": consents}
    about = [name for name, said in asked.items() if said] or ["events"]
    if len(about) > 1:
        raise typer.BadParameter("only one of --items, --users, --consents")
    settings = of_tool(settings_of(config), tool)
    if not _all_imported(file, settings, console(), about=about[0]):
        raise typer.Exit(1)


def of_tool(config: Config, tool: str) -> Config:
    """Return the configuration for files of a tool; `tool` empty: as it is."""
    if not tool:
        return config
    return config.model_copy(update={"data": config.data.model_copy(update={"tool": tool})})


@app.command("config")
def show_config(config: ConfigFile = None) -> None:
    """Print every setting in force, with its meaning.

    The file, the environment and the defaults together, as a file would have them; passwords
    and keys are masked.

    Example: RECSYS_SERVING__PORT=9000 recsys config
    """
    from training.cli import config_toml

    typer.echo(config_toml.toml(settings_of(config)), nl=False)


def _all_imported(file: Path, config: Config, out: Console, *, about: str) -> bool:
    """Import a file, or each file of an archive, and return whether each had rows of use."""
    from recsys.errors import DataError
    from training.importing.archive import files

    with files(file) as each:
        if len(each) == 1:
            return _imported(each[0], config, out, about=about)
        used = []
        for one in each:
            try:
                used.append(_imported(one, config, out, about=about))
            except DataError as error:
                # The others are none the worse for it.
                out.print(f"{one.name}: {error}", markup=False)
                used.append(False)
        return all(used)


def _imported(file: Path, config: Config, out: Console, *, about: str) -> bool:
    """Import a file, show what became of its rows, and return whether any could be used."""
    from recsys.storage.users.profiles import Profiles
    from training.event_log import open_log
    from training.importing.events import import_events
    from training.importing.items import import_items
    from training.importing.profiles import import_consents, import_users
    from training.importing.read import refuse_unreadable
    from training.importing.report import rendered

    refuse_unreadable(file)
    now = clock.now()
    report: ImportReport | ProfileReport
    steps = ConsoleSteps(safe=SAFE, safe_from={"profiles": SAFE_WITH_EVENTS})
    with open_log(config) as log, steps:
        profiles = Profiles.of(log.database, config)
        if about == "events":
            report = import_events(file, config, log, now=now, watch=steps)
        else:
            steps.begin(f"read {about} of {file.name}")
            if about == "items":
                report = import_items(file, config, profiles, now=now)
            elif about == "users":
                report = import_users(file, config, profiles)
            else:
                report = import_consents(file, config, profiles)
    out.print(rendered(report))
    return report.rows > sum(report.quarantined.values())
