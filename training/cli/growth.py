"""The command on growth: who comes, comes back and stays, and what leads the North Star."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from recsys.cli.clock import of_service
from recsys.cli.console import console
from recsys.cli.options import ConfigFile, settings_of

if TYPE_CHECKING:
    from rich.table import Table

    from recsys.bundle import Bundle
    from recsys.config import Config
    from recsys.growth.funnels import Reached
    from recsys.growth.nps import Nps
    from recsys.storage.events.growth import Growth

USUAL_DAYS = 28
"""Of an interval, while no version serves that knows the usage interval."""

app = typer.Typer(help="Who comes, comes back and stays, and what leads the North Star.")


Period = Annotated[
    int,
    typer.Option(
        min=0,
        max=366,
        help="Days of an interval; 0: the usage interval of the version that serves, else 28.",
    ),
]
AsOf = Annotated[str, typer.Option(help="What was known at the end of a day.")]
OfSegment = Annotated[str, typer.Option(help="Only people in it, by training.")]
Steps = Annotated[
    str,
    typer.Option(
        "--step", "--funnel", help="A funnel: kinds of events in order: view,cart,purchase."
    ),
]
Days = Annotated[int, typer.Option(min=1, max=366, help="Days of a funnel, up to now or --as-of.")]
Within = Annotated[
    int,
    typer.Option(
        "--within-days",
        "--within",
        min=1,
        max=366,
        help="Days from the first to the last step of a funnel.",
    ),
]


@app.command()
def growth(  # noqa: PLR0913 - the options of a command
    *,
    period: Period = 0,
    as_of: AsOf = "",
    segment: OfSegment = "",
    step: Steps = "",
    days: Days = 28,
    within_days: Within = 7,
    html: Annotated[Path | None, typer.Option(help="Draw it into this file.")] = None,
    config: ConfigFile = None,
) -> None:
    """Tell lifecycle, retention, stickiness, North Star, NPS.

    Example: recsys growth --as-of 2011-12-09 --segment rfm:champions
    """
    from recsys.data.times import DAY
    from recsys.growth.stickiness import stickiness
    from recsys.storage.database.open import open_store
    from recsys.storage.events import growth as stored

    settings = settings_of(config)
    kind, zone = settings.churn.critical_kind, ZoneInfo(settings.data.timezone)
    at = stored.end_of(as_of, zone) if as_of else of_service(settings)
    period, only = period or _usage_interval(settings), _members(settings, segment)
    with closing(open_store(settings.storage)) as database:
        found = stored.read(database, kind, zone=zone, at=at)
        found = found if only is None else found.only(only)
        sessions = stored.sessions(database, zone=zone, at=at) if only is None else None
        nps = stored.promoters(stored.answers(database, at=at), only)
        steps = tuple(filter(None, step.split(",")))
        reached = (
            stored.reached(database, steps, at=at, days=days, within=within_days * DAY, only=only)
            if steps
            else ()
        )
    console().print(_lifecycle(found, period))
    console().print(_north_star(found, period, sessions))
    console().print(_retention(found))
    month = stickiness(found.done)
    ratio = "nobody" if month.ratio is None else f"{month.ratio:.1%}"
    console().print(f"stickiness: {ratio} of {month.monthly:,} people on a day of the last 30")
    console().print(_promoters(nps))
    if reached:
        console().print(_funnel(reached))
    if html is not None:
        from training.report import growth as page

        page.write(found, period, html)
        console().print(f"report: {html}", soft_wrap=True)


def _members(settings: Config, segment: str) -> frozenset[str] | None:
    """Return who is in a segment by the version that serves; None without a segment."""
    from recsys.storage.models.errors import NoChampion

    if not segment:
        return None
    if (bundle := _champion(settings)) is None:
        raise NoChampion(settings.storage.models_dir)
    return bundle.members(segment)


def _usage_interval(settings: Config) -> int:
    """Return the days of an interval where none are named, as the API has them."""
    bundle = _champion(settings)
    usual = None if bundle is None else bundle.churn.usage_interval.days
    return max(1, round(usual or USUAL_DAYS))


def _champion(settings: Config) -> Bundle | None:
    from recsys.bundle import Bundle as Loaded
    from recsys.storage.models.store import ModelStore

    store = ModelStore.of(settings.storage)
    champion = store.champion()
    return None if champion is None else store.load(champion.version, Loaded)[0]


def _promoters(found: Nps) -> str:
    if found.score is None:
        return "promoter score: nobody answered in 90 days"
    people = f"{found.promoters:,} promoters, {found.detractors:,} detractors"
    return f"promoter score: {found.score} of {found.score.n:,} people ({people})"


def _funnel(found: Sequence[Reached]) -> Table:
    from rich.table import Table

    table = Table("step", "people", "of the step before", "median hours", box=None)
    for one in found:
        share = "" if one.share is None else f"{one.share:.1%}"
        hours = "" if one.median_seconds is None else f"{one.median_seconds / 3600:.1f}"
        table.add_row(one.kind, f"{one.people:,}", share, hours)
    return table


def _lifecycle(found: Growth, period: int) -> Table:
    from rich.table import Table

    from recsys.growth.doings import day_of
    from recsys.growth.lifecycle import lifecycle

    table = Table("from", "new", "current", "resurrected", "dormant", "active", "pulse", box=None)
    for one in lifecycle(found.done, days=period):
        counts = (one.new, one.current, one.resurrected, one.dormant, one.active)
        pulse = "none left" if one.pulse is None else f"{one.pulse:.2f}"
        table.add_row(day_of(one.first_day), *(f"{count:,}" for count in counts), pulse)
    return table


def _north_star(found: Growth, period: int, sessions: Mapping[int, int] | None) -> Table:
    from rich.table import Table

    from recsys.growth.doings import day_of
    from recsys.growth.north_star import series

    names = ("from", "north star", "reachable", "breadth", "frequency", "depth", "per session")
    table = Table(*names, box=None)
    for one in series(found.done, found.seen, days=period, sessions=sessions):
        efficiency = "" if one.efficiency is None else f"{one.efficiency:.2f}"
        table.add_row(
            day_of(one.first_day), f"{one.total:,.0f}", f"{one.reachable:,}",
            f"{one.breadth:.1%}", f"{one.frequency:.2f}", f"{one.depth:.2f}", efficiency,
        )  # fmt: skip
    return table


def _retention(found: Growth) -> Table:
    from rich.table import Table

    from recsys.growth.retention import USUAL_DAYS, retention

    table = Table("day", "people", "on it", "on it or later", box=None)
    for one in retention(found.done, USUAL_DAYS):
        shares = ("" if share is None else f"{share:.1%}" for share in (one.on, one.after))
        table.add_row(str(one.day), f"{one.people:,}", *shares)
    return table
