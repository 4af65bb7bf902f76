"""The command on growth: who comes, comes back and stays, and what leads the North Star."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from recsys.cli.clock import now
from recsys.cli.console import console
from recsys.cli.options import ConfigFile, settings_of

if TYPE_CHECKING:
    from rich.table import Table

    from recsys.storage.events.growth import Growth

app = typer.Typer(help="Who comes, comes back and stays, and what leads the North Star.")


@app.command()
def growth(
    *,
    period: Annotated[int, typer.Option("--period", min=1, help="Days of an interval.")] = 28,
    as_of: Annotated[str, typer.Option("--as-of", help="What was known at the end of a day.")] = "",
    html: Annotated[Path | None, typer.Option("--html", help="Draw it into this file.")] = None,
    config: ConfigFile = None,
) -> None:
    """Tell lifecycle, retention, stickiness, North Star.

    Example: recsys growth --as-of 2011-12-09 --html growth.html
    """
    from recsys.growth.stickiness import stickiness
    from recsys.storage.database.open import open_store
    from recsys.storage.events.growth import end_of, read

    settings = settings_of(config)
    kind, zone = settings.churn.critical_kind, ZoneInfo(settings.data.timezone)
    at = end_of(as_of, zone) if as_of else now()
    with closing(open_store(settings.storage)) as database:
        found = read(database, kind, zone=zone, at=at)
    console().print(_lifecycle(found, period))
    console().print(_north_star(found, period))
    console().print(_retention(found))
    month = stickiness(found.done)
    ratio = "nobody" if month.ratio is None else f"{month.ratio:.1%}"
    console().print(f"stickiness: {ratio} of {month.monthly:,} people on a day of the last 30")
    if html is not None:
        from training.report import growth as page

        page.write(found, period, html)
        console().print(f"report: {html}", soft_wrap=True)


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


def _north_star(found: Growth, period: int) -> Table:
    from rich.table import Table

    from recsys.growth.doings import day_of
    from recsys.growth.north_star import series

    table = Table("from", "north star", "reachable", "breadth", "frequency", "depth", box=None)
    for one in series(found.done, found.seen, days=period):
        table.add_row(
            day_of(one.first_day), f"{one.total:,.0f}", f"{one.reachable:,}",
            f"{one.breadth:.1%}", f"{one.frequency:.2f}", f"{one.depth:.2f}",
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
