"""`python -m tests.bench.send_times --orders F.parquet`: next-purchase hours, as a proxy.

Each order after a cutoff is guessed from the orders of its user before it: how often the guess is
within an hour (a window of three), and the log loss over 24 hours, beside everybody's hours and
plain smoothed counts with a prior of 20. What the module holds as constants was chosen between
`--validation` and `--cutoff`; orders after the cutoff are test data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from recsys.channel import activity_hours as rhythms
from recsys.channel.activity_hours import Rhythm
from recsys.data.times import DAY

console = Console(highlight=False)


def main(
    orders: Annotated[Path, typer.Option(help="Parquet with a row an order, or many.")],
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
    lone = frame.group_by(order).agg(pl.col(user).first(), pl.col(at).min())
    when = lone[at].dt.epoch("us").to_numpy()
    who = np.unique(lone[user].cast(pl.String).to_numpy().astype(str), return_inverse=True)[1]
    by_user = np.lexsort((when, who))
    when, who = when[by_user], who[by_user]
    slot = rhythms.slots(when, ZoneInfo(timezone))
    days = [(validation, cutoff, "validation")] + ([(cutoff, "2100-01-01", "test")] if test else [])
    table = Table("", "orders", "hours of", "hit rate", "log loss", box=None)
    for first, last, name in days:
        start, end = (int(np.datetime64(day, "us").astype(np.int64)) for day in (first, last))
        for known, told in ((None, "all orders before each"), (start, "orders before the cutoff")):
            for method, (hit, loss, n) in scores(who, when, slot, start, end, known=known).items():
                table.add_row(name, f"{n:,}", f"{method}, {told}", f"{hit:.3f}", f"{loss:.3f}")
    console.print(table)


def scores(
    who: np.ndarray, when: np.ndarray, slot: np.ndarray, start: int, end: int, *, known: int | None
) -> dict[str, tuple[float, float, int]]:
    """Return hit rate, log loss and orders by method; `known` bounds what is looked at."""
    before = slot[when < start]
    counts = np.bincount(before, minlength=168).reshape(7, 24)
    flat = rhythms.smoothed(counts.sum(axis=0) + 1.0)
    everybody = Rhythm(np.tile(flat / flat.sum(), (7, 1)))
    smooth = rhythms.smoothed(counts + 1.0)
    by_day = Rhythm(smooth / smooth.sum(axis=1, keepdims=True))
    found: dict[str, list[tuple[bool, float]]] = {"everybody": [], "smoothed": [], "served": []}
    first = np.searchsorted(who, np.arange(who.max() + 2))
    for row in np.flatnonzero((when >= start) & (when < end)).tolist():
        past = slice(first[who[row]], row)
        own, ago = slot[past], when[row] - when[past]
        if known is not None:
            own, ago = own[when[past] < known], (known - when[past])[when[past] < known]
        if not row - first[who[row]]:
            continue
        day, hour = divmod(int(slot[row]), 24)
        plain = rhythms.smoothed(np.bincount(own % 24, minlength=24).astype(float))
        weight = np.exp2(-ago / (rhythms.HALF_LIFE_DAYS * DAY))
        guesses = {
            "everybody": everybody.everybody[day],
            "smoothed": (plain + 20 * everybody.everybody[day]) / (plain.sum() + 20),
            "served": rhythms.posterior(own, weight, by_day)[day],
        }
        for method, p in guesses.items():
            away = abs(int(rhythms.within_an_hour(p).argmax()) - hour)
            found[method].append((min(away, 24 - away) <= 1, -float(np.log(p[hour]))))
    return {method: (*np.mean(told, axis=0).tolist(), len(told)) for method, told in found.items()}


if __name__ == "__main__":
    typer.run(main)
