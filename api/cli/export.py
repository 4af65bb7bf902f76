"""The command that answers into a file: ``recsys export``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from recsys.cli.console import console
from recsys.cli.options import ConfigFile, settings_of
from recsys.cli.progress import ConsoleSteps
from recsys.errors import BadQuery

if TYPE_CHECKING:
    from rich.table import Table

    from api.answers.audience import AudienceQuery
    from api.answers.selection import Selection
    from api.answers.write_back import WroteBack
    from api.messages.groups import AudienceBody, AudiencePreview
    from api.service import Service
    from recsys.config import Config
    from recsys.data.ids import IdMap

app = typer.Typer(help="Answer into a file.")
ENGINES = ("memory", "processes", "spark")
FORMATS = ("parquet", "csv", "jsonl")
WITHHELD = "withheld: fewer than 20 users, or a count that would give such a one away"


Output = Annotated[
    str, typer.Argument(help="A file: .csv, .jsonl or .parquet. With --engine, see there.")
]
Users = Annotated[
    Path | None, typer.Option(help="A file with a user id a line. Default: all known users.")
]
Limit = Annotated[int | None, typer.Option(min=1, help="Items for each user.")]
Exclude = Annotated[list[str] | None, typer.Option(help="An item to leave out; repeat it.")]
Segment = Annotated[str | None, typer.Option(help="Only users of a segment who granted marketing.")]
RuleFile = Annotated[
    Path | None, typer.Option(help="Only users of a rule (JSON) who granted marketing.")
]
Channel = Annotated[str, typer.Option(help="Only users who granted marketing on this channel.")]
Email = Annotated[
    bool, typer.Option("--email", help="A column with addresses, where they are kept.")
]
Preview = Annotated[
    bool, typer.Option("--preview", help="Only count the audience, and say which leaf decided.")
]
ToolName = Annotated[
    str, typer.Option("--for", help="As a tool imports it, changed rows only: klaviyo, hubspot…")
]
Everything = Annotated[
    bool, typer.Option("--all", help="With --for: rows that did not change, too.")
]
Force = Annotated[
    bool, typer.Option("--force", help="With --for: clear more than 30 % of what it has.")
]
Engine = Annotated[
    str,
    typer.Option(
        help="By blocks, in memory, processes or spark: OUTPUT is a folder or s3://bucket/… "
        "that gets a file a block and manifest.json."
    ),
]
Format = Annotated[str, typer.Option("--format", help="With --engine: parquet, csv or jsonl.")]


@app.command()
def export(  # noqa: PLR0913 - options of a command
    output: Output = "",
    *,
    users: Users = None,
    limit: Limit = None,
    exclude: Exclude = None,
    segment: Segment = None,
    rule: RuleFile = None,
    channel: Channel = "",
    email: Email = False,
    preview: Preview = False,
    tool: ToolName = "",
    everything: Everything = False,
    force: Force = False,
    engine: Engine = "",
    file_format: Format = "parquet",
    config: ConfigFile = None,
) -> None:
    """Write items, channel and churn of every user to a file.

    Of all known users, or of an audience: --segment, --rule, --channel. The file appears when
    it is complete. --rule takes a JSON rule, as the API does. With --engine many users are
    answered at once, block by block, in several processes or on Spark.

    Example: recsys export lists.csv --limit 5
    """
    from api.answers import export as exporting
    from api.answers.selection import Selection, lists_of

    settings = settings_of(config)
    wish = _wish(segment, rule, channel, arms=settings.channels.arms, must_be=preview)
    if engine:
        _check_blocks(engine, output, file_format, alone=not (preview or tool))
    file = None if preview or engine else exporting.checked(Path(output) if output else None)
    said = lists_of(limit, exclude or ())
    with _opened(settings) as service:
        selection = Selection.asked(service, said)
        ids, job = _asked(selection, users), ExportJob(selection)
        wanted = None if wish is None else selection.wanted(wish)
        if engine:
            blocks = Blocks(selection, settings, engine, output, file_format, said)
            typer.echo(blocks.write(ids, wish, channel=channel, email=email))
        elif file is not None and tool:
            back = WriteBack(selection, tool, everything=everything, force=force)
            typer.echo(back.write(ids, wanted, file, channel=channel))
        elif file is not None:
            total = job.write(ids, wanted, file, channel=channel, email=email)
            typer.echo(f"{total:,} users written to {file} from model {selection.version}")
        elif wanted is not None:
            job.preview(ids, wanted)


@dataclass(frozen=True, slots=True)
class ExportJob:
    """One export to a file."""

    selection: Selection

    def preview(self, ids: IdMap | Sequence[str], wanted: AudienceQuery) -> None:
        """Print how many there are."""
        from api.answers import audience

        tally = audience.Tally()
        for chunk in self.selection.looked_at(ids, wanted):
            tally.add(chunk, wanted)
        version = self.selection.version
        console().print(_table(audience.preview(tally, wanted, of=len(ids), version=version)))

    def write(
        self,
        ids: IdMap | Sequence[str],
        wanted: AudienceQuery | None,
        output: Path,
        *,
        channel: str,
        email: bool,
    ) -> int:
        """Write the answers about the users, or those who are wanted, or granted a channel.

        Raises
        ------
        BadQuery
            Addresses are asked for, and none are kept.
        """
        from api.answers import export as exporting
        from api.answers.selection import addresses
        from api.runtime import gc_freeze

        selection = self.selection
        _check_addresses(selection, email=email)
        emails = partial(addresses, selection.service) if email else None
        members = selection.chosen(ids, wanted, channel=channel)
        safe = f"{output} was not written, what was there is as it was; run it again"
        with ConsoleSteps(safe=safe) as steps, gc_freeze.lasting():
            steps.begin("answer")
            advance = steps.counting("users", len(ids) if members is ids else None)
            return exporting.export(
                selection.answers, members, output,
                limit=selection.query.limit, progress=advance, emails=emails,
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class WriteBack:
    """An export as a tool imports it."""

    selection: Selection
    tool: str
    everything: bool
    force: bool

    def write(
        self,
        ids: IdMap | Sequence[str],
        wanted: AudienceQuery | None,
        output: Path,
        *,
        channel: str,
    ) -> str:
        """Write what changed since the last file for the tool, and say how much that is.

        Raises
        ------
        BadQuery
            The tool takes nothing back, or knows people by addresses that are not kept.
        """
        from api.answers import write_back
        from api.answers.selection import target as targeted
        from recsys.storage.hooks import delivered

        selection, service = self.selection, self.selection.service
        target = targeted(selection, self.tool)
        database, members = service.log.database, selection.chosen(ids, wanted, channel=channel)
        has = delivered.of(database, self.tool)
        safe = f"{output} was not written, and the tool is known to have what it had; run it again"
        with ConsoleSteps(safe=safe) as steps:
            steps.begin("answer")
            done, now_has = write_back.write(
                selection.answered(members), output, target,
                limit=selection.query.limit, known=has,
                may=write_back.Wish(self.everything, self.force),
            )  # fmt: skip
        delivered.put(database, self.tool, now_has, now=service.clock())
        return self._told(done, output)

    def _told(self, done: WroteBack, output: Path) -> str:
        nameless = f", {done.nameless:,} have no address" if done.nameless else ""
        if not done.written:
            return (
                f"nothing changed since the last file for {self.tool}: {output} is left as it was, "
                f"{done.unchanged:,} unchanged{nameless}; all rows: --all"
            )
        kept = f"; what was there is {done.kept} now" if done.kept else ""
        return (
            f"{done.changed:,} rows for {self.tool} written to {output}, {done.cleared:,} cleared, "
            f"{done.unchanged:,} unchanged{nameless}{kept}"
        )


@dataclass(frozen=True, slots=True)
class Blocks:
    """An export by blocks, to a folder or to object storage; `said` as a request says it."""

    selection: Selection
    settings: Config
    engine: str
    output: str
    file_format: str
    said: Mapping[str, Any]

    def write(
        self,
        ids: IdMap | Sequence[str],
        wish: AudienceBody | None,
        *,
        channel: str,
        email: bool,
    ) -> str:
        """Write the answers, and say how many there are.

        Raises
        ------
        BadQuery
            Addresses are asked for, and none are kept.
        """
        from api.answers import blocks
        from recsys.config import without_secrets
        from recsys.engines import opened

        _check_addresses(self.selection, email=email)
        version, output = self.selection.version, self.output
        plan = blocks.ExportPlan(
            output if "://" in output else str(Path(output).absolute()), self.file_format,
            orjson.dumps(without_secrets(self.settings)), version, ids, self.said, wish,
            channel, email,
        )  # fmt: skip
        training = self.settings.training.model_copy(update={"engine": self.engine})
        safe = f"{plan.output} has no manifest.json, so it has no export; run it again"
        with ConsoleSteps(safe=safe) as steps, opened(training, n_events=0) as working:
            steps.begin("answer")
            total = blocks.made(plan, working, progress=steps.counting("users", len(ids)))
        return f"{total:,} users written to {output} from model {version}"


def _asked(selection: Selection, users: Path | None) -> IdMap | Sequence[str]:
    """Return whom to look at: those in a file as they are named there, else all who are known."""
    from api.answers.export import listed

    service = selection.service
    if users is None:
        return service.identities.people(selection.known)
    return service.identities.people(list(listed(users, service.reader)), as_named=True)


def _check_blocks(engine: str, output: str, file_format: str, *, alone: bool) -> None:
    if engine not in ENGINES:
        raise BadQuery("engine", engine, ", ".join(ENGINES))
    if not alone:
        raise BadQuery("engine", engine, "without --preview and --for")
    if file_format not in FORMATS:
        raise BadQuery("format", file_format, ", ".join(FORMATS))
    if not output:
        raise BadQuery("output", output, "a folder, or s3://bucket/prefix")


def _check_addresses(selection: Selection, *, email: bool) -> None:
    from api.answers.selection import KEPT, keeps_addresses

    if email and not keeps_addresses(selection.service):
        raise BadQuery("email", email, f"no such option; or it where {KEPT}")


def _wish(
    segment: str | None, rule: Path | None, channel: str, *, arms: Collection[str], must_be: bool
) -> AudienceBody | None:
    """Return who is asked for as an API request says it; None without a rule or a segment.

    `must_be`: with --preview, somebody has to be asked for.
    """
    if channel and channel not in arms:
        raise BadQuery("channel", channel, ", ".join(arms))
    if segment is None and rule is None:
        if must_be:
            raise BadQuery("preview", "", "with --segment or --rule")
        return None
    from api.answers import audience
    from api.messages.groups import AudienceBody
    from recsys.storage.files.cohorts import read_json

    said = None if rule is None else read_json(rule)
    wish = AudienceBody(said, segment, channel)
    audience.check(wish, arms)
    return wish


def _table(counted: AudiencePreview) -> Table:
    from rich.table import Table

    def told(count: int | None) -> str:
        return "withheld" if count is None else f"{count:,}"

    table = Table("", "belong", "do not", box=None, caption_justify="left")
    table.add_row("users", told(counted.users), "")
    table.add_row("of them granted marketing", told(counted.reachable), "")
    table.add_row("users looked among", f"{counted.of:,}", "")
    for leaf in counted.decided_by:
        table.add_row(f"decided by {leaf.leaf}", told(leaf.admitted), told(leaf.refused))
    cells = (cell for column in table.columns for cell in column.cells)
    table.caption = WITHHELD if "withheld" in cells else None
    return table


@contextmanager
def _opened(settings: Config) -> Iterator[Service]:
    from api.runtime import logs
    from api.runtime.metrics import Metrics
    from api.service import Service

    service = Service.opened(settings, metrics=Metrics(), logger=logs.worries())
    try:
        yield service
    finally:
        service.log.database.close()
