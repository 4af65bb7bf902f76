"""`python -m tests.bench.audience_reach ORDERS.parquet`: how many of an audience buy later.

Of each item that enough bought in the last days: the users who most likely want it, by what was
known before, and the users who are most like its first buyers. Beside them as many by RFM (the sum
of the ranks of recency, frequency and money) and by activity. Means over items, 95 % intervals of
the paired difference to RFM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer
from numpy.typing import NDArray
from rich.table import Table

from recsys.algorithms import neighbours
from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import NeighbourSettings
from recsys.items.affinity import alike, wanting
from tests.bench.tool import console, run

SAMPLE = Path("training/sample/online_retail.parquet")
HALF_LIFE_DAYS = 90.0
SETTINGS = NeighbourSettings("cosine", 100)
FEWEST = 30

Scores = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Sales:
    """Rows of orders: whose, of what, on which day and for how much."""

    user: NDArray[np.int64]
    item: NDArray[np.int64]
    day: NDArray[np.float64]
    value: NDArray[np.float64]

    def where(self, kept: NDArray[np.bool_]) -> Sales:
        """Return some of them."""
        return Sales(self.user[kept], self.item[kept], self.day[kept], self.value[kept])


def main(
    orders: Annotated[Path, typer.Argument(help="As Online Retail has it.")] = SAMPLE,
    days: Annotated[float, typer.Option(help="Held out, at the end.")] = 60.0,
    size: Annotated[int, typer.Option(help="Users of each audience.")] = 100,
) -> None:
    """Print the share of each audience that bought."""
    sales = read(orders)
    start = sales.day.max() - days
    before, after = sales.where(sales.day < start), sales.where(sales.day >= start)
    reach = Reach(before, sales, start, size)
    table = Table("audience", "items", "RFM", "activity", "ours", "ours less RFM", box=None)
    first, later = (after.where(one) for one in halves(after.day, start + days * 0.4))
    table.add_row("who wants an item", *shown(reach.of_items(after)))
    table.add_row("like its first buyers", *shown(reach.of_buyers(first, later)))
    console.print(f"{size} users each, {days:.0f} days held out, {reach.n_known:,} known users")
    console.print(table)


def read(path: Path) -> Sales:
    """Return what was bought by somebody known."""
    frame = pl.read_parquet(path).filter(
        pl.col("CustomerID").is_not_null(), pl.col("Quantity") > 0, pl.col("UnitPrice") > 0
    )
    frame = frame.select(
        user=pl.col("CustomerID").rank("dense").cast(pl.Int64) - 1,
        item=pl.col("StockCode").rank("dense").cast(pl.Int64) - 1,
        day=pl.col("InvoiceDate").dt.epoch("s") / 86_400,
        value=pl.col("Quantity") * pl.col("UnitPrice"),
    )
    return Sales(*(frame[name].to_numpy() for name in ("user", "item", "day", "value")))


class Reach:
    """What was known of users before a day, and how many of an audience bought after it."""

    def __init__(self, before: Sales, every: Sales, start: float, size: int) -> None:
        n_users, n_items = int(every.user.max()) + 1, int(every.item.max()) + 1
        faded = 0.5 ** ((start - before.day) / HALF_LIFE_DAYS)
        user, item = before.user.astype(np.int32), before.item.astype(np.int32)
        self._histories = Histories.of(user, item, faded, n_users=n_users, n_items=n_items)
        self._graph = neighbours.fit(self._histories, SETTINGS)
        self._known = np.bincount(user, minlength=n_users) > 0
        self._taken = np.bincount(item, minlength=n_items)
        self._size = size
        self._usual = self._rfm(before, start)
        self.n_known = int(self._known.sum())

    def of_items(self, after: Sales) -> list[dict[str, float]]:
        """Return the shares of audiences of each item that bought it."""
        return [
            self._shares({"ours": self._wanting(item)}, buyers, np.empty(0, np.int64))
            for item, buyers in bought(after).items()
            if len(buyers) >= FEWEST and self._taken[item] >= FEWEST
        ]

    def of_buyers(self, first: Sales, later: Sales) -> list[dict[str, float]]:
        """Return the shares of audiences like the first buyers of an item that bought it later."""
        found, buyers = [], bought(later)
        for item, seeds in bought(first).items():
            known = seeds[self._known[seeds]]
            if len(known) >= FEWEST and len(buyers.get(item, ())) >= FEWEST:
                score = alike(self._histories, known.astype(np.int32))
                found.append(self._shares({"ours": score}, buyers[item], seeds))
        return found

    def _wanting(self, item: int) -> NDArray[np.float64]:
        return wanting(self._histories, self._graph, np.array([item], np.int32))

    def _shares(
        self, ours: Scores, buyers: NDArray[np.int64], left_out: NDArray[np.int64]
    ) -> dict[str, float]:
        may = self._known.copy()
        may[left_out] = False
        found = {}
        for name, score in {**self._usual, **ours}.items():
            order = np.argsort(-np.where(may, score, -np.inf), kind="stable")[: self._size]
            found[name] = float(np.isin(order, buyers).mean())
        return found

    def _rfm(self, before: Sales, start: float) -> Scores:
        n = len(self._known)
        last = np.full(n, -np.inf)
        np.maximum.at(last, before.user, before.day)
        days = np.unique(np.stack([before.user, np.floor(before.day)], axis=1), axis=0)
        often = np.bincount(days[:, 0].astype(int), minlength=n).astype(float)
        fading = 0.5 ** ((start - days[:, 1]) / HALF_LIFE_DAYS)
        active = np.bincount(days[:, 0].astype(int), fading, minlength=n)
        money = np.bincount(before.user, before.value, minlength=n)
        ranks = sum(np.argsort(np.argsort(one)) for one in (last, often, money))
        return {"RFM": np.asarray(ranks, float), "activity": active}


def bought(sales: Sales) -> dict[int, NDArray[np.int64]]:
    """Return who bought each item."""
    pairs = np.unique(np.stack([sales.item, sales.user], axis=1), axis=0)
    items, starts = np.unique(pairs[:, 0], return_index=True)
    return dict(zip(items.tolist(), np.split(pairs[:, 1], starts[1:]), strict=True))


def halves(day: NDArray[np.float64], cut: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return what was before a day, and the rest."""
    return day < cut, day >= cut


def shown(shares: list[dict[str, float]]) -> list[str]:
    """Return the cells of a row."""
    columns = {name: np.array([one[name] for one in shares]) for name in shares[0]}
    more = columns["ours"] - columns["RFM"]
    half = 1.96 * more.std(ddof=1) / np.sqrt(len(more))
    means = [f"{columns[name].mean():.1%}" for name in ("RFM", "activity", "ours")]
    return [f"{len(shares):,}", *means, f"{more.mean():+.1%} ± {half:.1%}"]


if __name__ == "__main__":
    run(main)
