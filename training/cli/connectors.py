"""The commands about the tables of tools: which there are, what they say, what a file is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli.clock import now
from recsys.cli.console import console
from recsys.cli.options import ConfigFile, settings_of

if TYPE_CHECKING:
    from rich.table import Table

    from recsys.config import Config
    from training.importing.read import RawFile

app = typer.Typer(no_args_is_help=True)

_SHOWN = 5


@app.callback()
def connectors() -> None:
    """Show the tables by which files of tools are read."""


@app.command("list")
def list_tools(config: ConfigFile = None) -> None:
    """List the tools, and what of them was verified.

    Example: recsys connectors list
    """
    from rich.table import Table

    from recsys.connectors.registry import tools

    table = Table("tool", "reads", "writes back", "verified in its own documents", box=None)
    for name, tool in tools(settings_of(config).data.connectors).items():
        out = f"{tool.out.batch:,} rows a call" if tool.out else ""
        table.add_row(name, ", ".join(tool.files), out, tool.verified or "nothing")
    console().print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The tool, as `recsys connectors list` has it.")],
    config: ConfigFile = None,
) -> None:
    """Print the table of a tool, to be changed in a copy.

    Example: recsys connectors show klaviyo
    """
    from recsys.connectors.registry import file_of

    text = file_of(name, settings_of(config).data.connectors).read_text(encoding="utf-8")
    typer.echo(text, nl=False)


@app.command("test")
def explain(
    file: Annotated[Path, typer.Argument(help="As a tool wrote it.")],
    tool: Annotated[str, typer.Option("--as", help="The tool it is of, whatever it shows.")] = "",
    config: ConfigFile = None,
) -> None:
    """Say of which tool a file is, and read it on trial.

    Nothing is written.

    Example: recsys connectors test export.csv
    """
    from training.cli.data import of_tool
    from training.errors import MissingColumn
    from training.importing.archive import files

    settings = of_tool(settings_of(config), tool)
    with files(file) as each:
        for one in each:
            if len(each) > 1:
                console().print(one.name, style="bold")
            try:
                _explained(one, settings)
            except MissingColumn as error:
                console().print(f"read by usual names: {error}", markup=False)
                raise typer.Exit(1) from error


def _explained(file: Path, settings: Config) -> None:
    from training.importing.read import of_tools, read_file

    out = console()
    raw = read_file(file, of_tools(settings.data))
    nearest = [] if raw.tool else [*_nearest(raw, settings)]
    out.print(str(raw.tool) if raw.tool else "of no known tool" + "; nearest:" * bool(nearest))
    for line in nearest:
        out.print(f"  {line}")
    out.print(_becomes(raw, settings))


@app.command()
def replay(
    tool: Annotated[str, typer.Argument(help="Whose webhooks.")],
    days: Annotated[float, typer.Option(min=0, help="How far back.")] = 7,
    config: ConfigFile = None,
) -> None:
    """Let the service read a tool's webhooks again.

    After its table was mended: what was logged before is not logged twice.

    Example: recsys connectors replay mailchimp --days 2
    """
    from contextlib import closing

    from recsys.data.times import DAY
    from recsys.storage.database.open import open_store
    from recsys.storage.hooks.log import HookLog

    settings = settings_of(config)
    with closing(open_store(settings.storage)) as database:
        log = HookLog(database, settings.privacy.email_key)
        count = log.again(tool, since=now() - int(days * DAY))
    typer.echo(f"{count:,} calls of {tool} are read again by the service within seconds")


def _nearest(raw: RawFile, config: Config) -> Iterator[str]:
    from recsys.connectors.registry import judged, tools

    columns = {name: raw.frame[name].head(200).to_list() for name in raw.frame.columns}
    said = {name: [str(one) for one in found if one is not None] for name, found in columns.items()}
    for one in judged(tools(config.data.connectors), said)[:_SHOWN]:
        if one.held:
            yield f"{one}; lacking {', '.join(one.lacking)}"


def _becomes(raw: RawFile, config: Config) -> Table:
    from rich.table import Table

    from training.importing.tool_words import in_our_words
    from training.importing.validate import REASONS, counted, validate

    ours, settings = in_our_words(raw, config)
    valid = validate(ours, settings, now=now())
    table = Table("rows", "become", box=None)
    table.columns[0].justify = "right"
    for kind, rows in counted(valid.events["kind"]).items():
        table.add_row(f"{rows:,}", kind)
    if len(valid.people):
        table.add_row(f"{len(valid.people):,}", "what is known of people")
    if valid.duplicates:
        table.add_row(f"{valid.duplicates:,}", "repetitions of other rows")
    for reason, rows in counted(valid.quarantine["reason"]).items():
        table.add_row(f"{rows:,}", f"put aside, {reason}: {REASONS[reason]}")
    for name, rows in valid.unknown.items():
        table.add_row(f"{rows:,}", f"of them are called {name!r}, which nothing knows")
    return table
