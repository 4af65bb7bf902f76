"""The commands on placements: list, show, put, preview."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.cli import clock
from recsys.cli.console import console
from recsys.cli.options import ConfigFile, settings_of
from recsys.errors import BadQuery
from recsys.storage.models.errors import NoChampion

if TYPE_CHECKING:
    from recsys.config import Config
    from recsys.ladder import RungName
    from recsys.model_version import Answering
    from recsys.placements.placement import Placement
    from recsys.placements.serve import PlacedList
    from recsys.storage.database.interface import Database

app = typer.Typer(help="Where lists are shown, of what, and by which rules.")

Name = Annotated[str, typer.Argument(help="A placement, as `recsys placements list` names it.")]


@app.callback(no_args_is_help=True)
def placements() -> None:
    """List, show, save or try placements."""


@app.command("list")
def list_placements(config: ConfigFile = None) -> None:
    """List all placements and the versions that are in force."""
    from rich.table import Table

    from recsys.storage.placements.store import PlacementStore

    with _store(settings_of(config)) as database:
        known = PlacementStore(database).all()
    table = Table("placement", "version", "source", "items", "filter", "rules", box=None)
    for name in known.names:
        saved = known.in_force(name, at=clock.now())
        if saved is None:
            table.add_row(name, "none in force")
            continue
        placement = saved.placement
        rules = len(placement.boosts) + len(placement.pins) + len(placement.caps)
        table.add_row(
            name, str(saved.version), placement.source, str(placement.limit),
            "yes" if placement.filter else "", str(rules + (placement.promote is not None)),
        )  # fmt: skip
    console().print(table)


@app.command()
def show(
    placement_id: Name,
    *,
    version: Annotated[
        int | None, typer.Option("--version", help="Any version; else the latest.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Print a placement as JSON, as `recsys placements put` reads it.

    Example: recsys placements show default
    """
    from recsys.storage.placements.store import PlacementStore

    with _store(settings_of(config)) as database:
        versions = PlacementStore(database).all().versions(placement_id)
    found = [one for one in versions if version in (None, one.version)]
    if not found:
        known = ", ".join(str(one.version) for one in versions)
        raise BadQuery("version", version, f"one of {known}")
    typer.echo(_json(found[0].placement.said()))


@app.command()
def put(
    placement_id: Annotated[str, typer.Argument(help="Its name: letters, digits, - and _.")],
    file: Annotated[Path, typer.Argument(help="The placement in JSON.")],
    config: ConfigFile = None,
) -> None:
    """Save a placement as its next version.

    Refused where it asks for a field or an item that the catalogue does not have.

    Example: recsys placements put home home.json
    """
    from recsys.placements.versions import checked_name
    from recsys.storage.placements.store import PlacementStore

    settings = settings_of(config)
    with _store(settings) as database:
        name = checked_name(placement_id)
        saved = PlacementStore(database).put(name, _read(file, database, settings), at=clock.now())
    typer.echo(f"{name}: version {saved.version}")


@app.command()
def preview(
    placement_id: Name,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", help="Try this JSON file; nothing is saved.")
    ] = None,
    user: Annotated[str, typer.Option("--user", help="For whom; nobody if left out.")] = "",
    item: Annotated[
        list[str] | None, typer.Option("--item", help="An item at hand. Repeatable.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Most items.")] = None,
    config: ConfigFile = None,
) -> None:
    """Show a placement's list, and which rules touched each item.

    Example: recsys placements preview default --user 12747
    """
    from recsys.storage.placements.store import PlacementStore

    settings = settings_of(config)
    with _store(settings) as database:
        at = _clock(settings)
        if file is not None:
            placement = _read(file, database, settings)
        elif (saved := PlacementStore(database).all().in_force(placement_id, at=at)) is None:
            console().print(f"{placement_id}: no version is in force now")
            return
        else:
            placement = saved.placement
        tried = Preview(database, settings, placement, at)
        tried.print(user, tuple(item or ()), limit or placement.limit)


@dataclass(frozen=True, slots=True)
class Preview:
    """A placement, tried on the champion of the configured store."""

    database: Database
    settings: Config
    placement: Placement
    at: int

    def print(self, user: str, seeds: tuple[str, ...], limit: int) -> None:
        """Print the list for a user.

        Raises
        ------
        StoreError
            There is no model, or the store cannot be read.
        """
        answering = self._answering()
        shown = self._shown(answering, user, seeds, limit)
        console().print(_table(shown, answering))
        climb, filled = shown.arranged.climb, ", ".join(shown.arranged.filled_by)
        console().print(f"rung {climb.rung}: {climb.reason}")
        if shown.bought_percent is not None:
            console().print(f"bought before: {shown.bought_percent:g} % of the items")
        if filled:
            console().print(f"a short list was filled by: {filled}")

    def _shown(
        self, answering: Answering, user: str, seeds: tuple[str, ...], limit: int
    ) -> PlacedList:
        from recsys.placements.rules import Rules
        from recsys.placements.serve import Moment, show
        from recsys.storage.users.live_state import LiveState
        from recsys.storage.users.profiles import Profiles, item_fields

        unavailable = frozenset(self.settings.data.unavailable_items)
        facts = Profiles(self.database).items()
        fields = item_fields(answering.bundle.interactions.items, facts, unavailable)
        live = LiveState(self.database, live_events=self.settings.serving.live_events)
        since = answering.manifest.watermark
        remembered = live.of(user, since=since, at=self.at)
        person = answering.person(user, remembered, at=self.at)
        moment = Moment(limit, seeds=seeds)
        return show(
            Rules.of(self.placement, fields), answering, person, moment, on_failure=_tell_failure
        )

    def _answering(self) -> Answering:
        from recsys.bundle import Bundle
        from recsys.model_version import Answering
        from recsys.storage.models.store import ModelStore

        store = ModelStore.of(self.settings.storage)
        if (pointer := store.champion()) is None:
            raise NoChampion(store.models_dir)
        bundle, manifest = store.load(pointer.version, Bundle)
        return Answering.of(
            pointer.version,
            bundle,
            manifest,
            profiling_default=self.settings.privacy.profiling == "granted",
            trait=self.settings.segments.trait,
        )


def _table(shown: PlacedList, answering: Answering) -> Any:
    from rich.table import Table

    table = Table("rank", "item", "title", "rung", "rules", box=None)
    ids, titles = answering.bundle.interactions.items, answering.bundle.catalogue.title
    for item, rules in shown.arranged.items:
        row = item.item_row
        table.add_row(str(item.rank), ids[row], titles[row], item.rung, ", ".join(rules))
    return table


def _read(file: Path, database: Database, settings: Config) -> Placement:
    """Return the placement in a file, checked against the catalogue of the store."""
    from recsys.data.ids import IdMap
    from recsys.placements.placement import check_against, read
    from recsys.storage.files.cohorts import read_json
    from recsys.storage.users.profiles import Profiles, item_fields

    placement, facts = read(read_json(file)), Profiles(database).items()
    unavailable = frozenset(settings.data.unavailable_items)
    check_against(placement, item_fields(IdMap.of(facts), facts, unavailable))
    return placement


def _tell_failure(rung: RungName, error: Exception) -> None:
    console(stderr=True).print(f"rung {rung} failed: {error}")


def _json(said: dict[str, Any]) -> str:
    import orjson

    return orjson.dumps(said, option=orjson.OPT_INDENT_2).decode()


def _clock(settings: Config) -> int:
    from api.runtime import clock

    return clock.configured(settings.serving.clock_start)()


@contextmanager
def _store(settings: Config) -> Iterator[Database]:
    from recsys.storage.database.open import open_store

    database = open_store(settings.storage)
    try:
        yield database
    finally:
        database.close()
