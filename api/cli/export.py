"""The command that answers into a file: ``recsys export``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.cli.console import console
from recsys.cli.options import ConfigFile, settings_of
from recsys.cli.progress import ConsoleSteps
from recsys.errors import BadQuery

if TYPE_CHECKING:
    from rich.table import Table

    from api.answers.audience import AudienceQuery, Looked
    from api.answers.write_back import Target
    from api.messages.groups import AudienceBody, AudiencePreview
    from api.messages.users import UserAnswer
    from api.requests.query import Query
    from api.service import Service
    from recsys.config import Config
    from recsys.data.ids import IdMap

app = typer.Typer(help="Answer into a file.")
WITHHELD = "withheld: fewer than 20 users, or a count that would give such a one away"


@app.command()
def export(  # noqa: PLR0913 - options of a command
    output: Annotated[
        Path | None, typer.Argument(help="The ending says how: .csv, .jsonl or .parquet.")
    ] = None,
    *,
    users: Annotated[
        Path | None, typer.Option(help="A file with a user id a line. Default: all known users.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Items for each user.")] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="An item to leave out; repeat it.")
    ] = None,
    segment: Annotated[
        str | None, typer.Option(help="Only users of a segment who granted marketing.")
    ] = None,
    rule: Annotated[
        Path | None, typer.Option(help="Only users of a rule (JSON) who granted marketing.")
    ] = None,
    channel: Annotated[
        str, typer.Option(help="Only users who granted marketing on this channel.")
    ] = "",
    preview: Annotated[
        bool, typer.Option("--preview", help="Only count the audience, and say which leaf decided.")
    ] = False,
    tool: Annotated[
        str,
        typer.Option("--for", help="As a tool imports it, changed rows only: klaviyo, hubspot…"),
    ] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="With --for: rows that did not change, too.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --for: clear more than 30 % of what it has.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Write items, channel and churn of every user to a file.

    Of all known users, or of an audience: --segment, --rule, --channel. The file appears when
    it is complete. --rule takes a JSON rule, as the API does.

    Example: recsys export lists.csv --limit 5
    """
    from api.answers import export as exporting

    settings = settings_of(config)
    wish = _wish(segment, rule, channel, arms=settings.channels.arms)
    if preview and wish is None:
        raise BadQuery("preview", "", "with --segment or --rule")
    file = None if preview else exporting.checked(output)
    with _opened(settings) as service:
        said = {} if limit is None else {"limit": limit}
        job = ExportJob(service, service.reader.said({**said, "exclude": exclude or ()}))
        named = None if users is None else list(exporting.listed(users, service.reader))
        known = job.known if named is None else named
        ids = service.identities.people(known, as_named=named is not None)
        wanted = None if wish is None else job.wanted(wish)
        if file is not None and tool:
            back = WriteBack(job, tool, everything=everything, force=force)
            typer.echo(back.write(ids, wanted, file, channel=channel))
        elif file is not None:
            total = job.write(ids, wanted, file, channel=channel)
            typer.echo(f"{total:,} users written to {file} from model {job.version}")
        elif wanted is not None:
            job.preview(ids, wanted)


@dataclass(frozen=True, slots=True)
class ExportJob:
    """One export from one model version."""

    service: Service
    query: Query

    @property
    def version(self) -> str:
        """The model version that answers."""
        return self.service.current.serving.answering.version

    @property
    def known(self) -> Any:
        """All users that the model version knows."""
        return self.service.current.serving.answering.bundle.interactions.users

    def wanted(self, wish: AudienceBody) -> AudienceQuery:
        """Return the audience asked for.

        Raises
        ------
        QueryError
            The model has no such segment, or not what the rule looks at.
        """
        from api.answers import audience

        service = self.service
        answering = service.current.serving.answering
        return audience.read(wish, answering, service.desk.cohorts, service.config.channels.arms)

    def preview(self, ids: IdMap | Sequence[str], wanted: AudienceQuery) -> None:
        """Print how many there are."""
        from api.answers import audience

        looked = self._looked_at(ids, wanted)
        tally = audience.Tally()
        for chunk in looked:
            tally.add(chunk, wanted)
        counted = audience.preview(tally, wanted, of=len(ids), version=self.version)
        console().print(_table(counted))

    def write(
        self,
        ids: IdMap | Sequence[str],
        wanted: AudienceQuery | None,
        output: Path,
        *,
        channel: str,
    ) -> int:
        """Write the answers about the users, or those who are wanted, or granted a channel."""
        from api.answers import export as exporting

        members = self.chosen(ids, wanted, channel=channel)
        safe = f"{output} was not written, what was there is as it was; run it again"
        with ConsoleSteps(safe=safe) as steps:
            steps.begin("answer")
            advance = steps.counting("users", len(ids) if members is ids else None)
            return exporting.export(
                self.answers, members, output, limit=self.query.limit, progress=advance
            )

    def answers(self, user_ids: Sequence[str]) -> Sequence[UserAnswer]:
        """Return all three answers about users."""
        service = self.service
        serving, at = service.current.serving, service.clock()
        return service.desk.everything_of(serving, user_ids, self.query, at=at)

    def chosen(
        self, ids: IdMap | Sequence[str], wanted: AudienceQuery | None, *, channel: str
    ) -> Iterable[str]:
        """Return the users who are wanted, or granted a channel, or all."""
        if wanted is not None:
            return self._members(ids, wanted)
        return self._granted(ids, channel) if channel else ids

    def _looked_at(self, ids: Iterable[str], wanted: AudienceQuery) -> Iterator[Looked]:
        from api.answers import audience

        service = self.service
        return audience.looked_at(
            service.desk, service.current.serving, wanted, ids,
            query=self.query, at=service.clock(),
        )  # fmt: skip

    def _granted(self, ids: Iterable[str], channel: str) -> Iterator[str]:
        from api.answers import audience

        service = self.service
        return audience.granted(
            service.desk, service.current.serving, channel, ids,
            query=self.query, at=service.clock(),
        )  # fmt: skip

    def _members(self, ids: Iterable[str], wanted: AudienceQuery) -> Iterator[str]:
        from api.answers import audience

        for looked in self._looked_at(ids, wanted):
            for row in audience.members(looked, wanted):
                yield str(row["user_id"])


@dataclass(frozen=True, slots=True)
class WriteBack:
    """An export as a tool imports it."""

    job: ExportJob
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
        from recsys.storage.hooks import delivered

        service, target = self.job.service, self._target()
        database, members = service.log.database, self.job.chosen(ids, wanted, channel=channel)
        has = delivered.of(database, self.tool)
        safe = f"{output} was not written, and the tool is known to have what it had; run it again"
        with ConsoleSteps(safe=safe) as steps:
            steps.begin("answer")
            done, now_has = write_back.write(
                self._answers(members), output, target,
                limit=self.job.query.limit, known=has,
                may=write_back.Wish(self.everything, self.force),
            )  # fmt: skip
        delivered.put(database, self.tool, now_has, now=service.clock())
        nameless = f", {done.nameless:,} have no address" if done.nameless else ""
        return (
            f"{done.changed:,} rows for {self.tool} written to {output}, {done.cleared:,} cleared, "
            f"{done.unchanged:,} unchanged{nameless}"
        )

    def _answers(self, members: Iterable[str]) -> Iterator[UserAnswer]:
        from api.answers.export import CHUNK

        users = iter(members)
        while chunk := list(islice(users, CHUNK)):
            yield from self.job.answers(chunk)

    def _target(self) -> Target:
        from api.answers.write_back import Target
        from recsys.connectors.registry import tools
        from recsys.storage.privacy import vault
        from recsys.storage.users import sensitive

        config = self.job.service.config
        known = {n: t.out for n, t in tools(config.data.connectors).items() if t.out is not None}
        out = known.get(self.tool)
        if out is None:
            raise BadQuery("for", self.tool, ", ".join(known))
        keys = vault.of(config.storage.encryption_keys)
        if out.key_is == "user_id":
            return Target(self.tool, out, lambda _: {})
        if keys is None or "email" not in config.privacy.kept_traits:
            allowed = "a tool that knows people by user id; or addresses kept: privacy.kept_traits "
            raise BadQuery("for", self.tool, f"{allowed}with email, and storage.encryption_keys")
        database = self.job.service.log.database
        return Target(self.tool, out, partial(sensitive.opened, database, keys, "email"))


def _wish(
    segment: str | None, rule: Path | None, channel: str, *, arms: Collection[str]
) -> AudienceBody | None:
    """Return who is asked for as an API request says it; None without a rule or a segment."""
    if channel and channel not in arms:
        raise BadQuery("channel", channel, ", ".join(arms))
    if segment is None and rule is None:
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
