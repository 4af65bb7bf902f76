"""`python -m tests.bench.send_times ORDERS.parquet`: next-purchase hours, as a proxy.

Each order after a cutoff is guessed from the orders of its user before it: how often the guess is
within an hour (a window of three), and the log loss over 24 hours, beside everybody's hours and
plain smoothed counts with a prior of 20. What the module holds as constants was chosen between
`--validation` and `--cutoff`; orders after the cutoff are test data.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import typer
from numpy.typing import NDArray
from rich.table import Table

from recsys.channel import activity_hours as rhythms
from recsys.channel.activity_hours import Rhythm
from recsys.data.times import DAY
from tests.bench.tool import console, run


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders by user, then time: whose, when, and in which of the 168 hours of a local week."""

    user: NDArray[np.int64]
    at: NDArray[np.int64]
    slot: NDArray[np.int64]


def main(
    orders: Annotated[Path, typer.Argument(help="Parquet with a row an order, or many.")],
    user: Annotated[str, typer.Option(help="Column with whose it is.")] = "household_id",
    order: Annotated[str, typer.Option(help="Column with its id.")] = "basket_id",
    at: Annotated[str, typer.Option(help="Column with when, UTC.")] = "transaction_timestamp",
    timezone: Annotated[str, typer.Option(help="Zone of the users.")] = "America/New_York",
    cutoff: Annotated[str, typer.Option(help="First test day.")] = "2017-11-08",
    validation: Annotated[str, typer.Option(help="First validation day.")] = "2017-09-20",
    *,
    test: Annotated[bool, typer.Option("--test", help="Look at the test days.")] = False,
) -> None:
    """Print hit rate and log loss."""
    frame = pl.read_parquet(orders, columns=[user, order, at])
    lone = frame.group_by(order).agg(user=pl.col(user).first(), at=pl.col(at).min().dt.epoch("us"))
    lone = lone.with_columns(pl.col("user").rank("dense") - 1).sort("user", "at")
    when = lone["at"].to_numpy()
    told = Orders(lone["user"].to_numpy(), when, rhythms.slots(when, ZoneInfo(timezone)))
    table = Table("", "orders", "hours of", "hit rate", "log loss", box=None)
    days = [(validation, cutoff, "validation"), *[(cutoff, "2100-01-01", "test")] * test]
    for first, last, name in days:
        start, end = (int(np.datetime64(day, "us").astype(np.int64)) for day in (first, last))
        for until, known in ((None, "all orders before each"), (start, "orders before the cutoff")):
            for method, figures in scores(told, start, end, until=until).items():
                hit, loss = np.mean(figures, axis=0)
                row = (f"{method}, {known}", f"{hit:.3f}", f"{loss:.3f}")
                table.add_row(name, f"{len(figures):,}", *row)
    console.print(table)


def scores(
    orders: Orders, start: int, end: int, *, until: int | None
) -> dict[str, list[tuple[bool, float]]]:
    """Return hit and log loss of each order by method; `until` bounds what is looked at."""
    by_week = np.bincount(orders.slot[orders.at < start], minlength=168).reshape(7, 24)
    flat = rhythms.smoothed(by_week.sum(axis=0) + 1.0)
    flat /= flat.sum()
    smooth = rhythms.smoothed(by_week + 1.0)
    by_day = Rhythm(smooth / smooth.sum(axis=1, keepdims=True))
    told: dict[str, list[tuple[bool, float]]] = {}
    first = np.searchsorted(orders.user, np.arange(orders.user.max() + 2))
    for row in np.flatnonzero((orders.at >= start) & (orders.at < end)).tolist():
        past = np.arange(first[orders.user[row]], row)
        if not len(past):
            continue
        now = orders.at[row] if until is None else until
        own = orders.slot[past[orders.at[past] < now]]
        ago = now - orders.at[past[orders.at[past] < now]]
        day, hour = divmod(int(orders.slot[row]), 24)
        plain = rhythms.smoothed(np.bincount(own % 24, minlength=24).astype(float))
        weight = np.exp2(-ago / (rhythms.HALF_LIFE_DAYS * DAY))
        for method, p in (
            ("everybody", flat),
            ("smoothed", (plain + 20 * flat) / (plain.sum() + 20)),
            ("served", rhythms.posterior(own, weight, by_day)[day]),
        ):
            away = abs(int(rhythms.within_an_hour(p).argmax()) - hour)
            hit = min(away, 24 - away) <= 1
            told.setdefault(method, []).append((hit, -float(np.log(p[hour]))))
    return told


if __name__ == "__main__":
    run(main)
