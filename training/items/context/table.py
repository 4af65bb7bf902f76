"""How much more each item is taken on an occasion than overall, counted and shrunk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.data.surfaces import DEVICE, PLACEMENT
from recsys.data.times import DAY, DAY_PARTS, day_parts, zone_or
from recsys.items.context_lift import TIME, ContextLift, cell
from training.data import TrainingData
from training.items.popularity import kind_weights

MOST_CELLS: Mapping[str, int] = {DEVICE: 8, PLACEMENT: 16, TIME: len(DAY_PARTS)}
"""Cells of a dimension: those with most takers; at most 32 rows of the table in all."""
FEWEST = 100
"""Takers that a cell needs."""
STRATUM_DAYS = 30
MOST_STRATA = 24
"""What is sold and on what people come changes: a cell is compared with its own weeks. The last
stratum holds all that is older."""


@dataclass(frozen=True, slots=True)
class ContextTable:
    """The table without weights; see :class:`recsys.items.context_lift.ContextLift`."""

    cells: Mapping[str, int]
    lift: NDArray[np.float32]

    def weighing(self, weight: float, session_weight: float, config: Config) -> ContextLift:
        """Return the scorer of these weights."""
        return ContextLift(self.cells, self.lift, weight, session_weight, config.data.timezone)


def fit(data: TrainingData, config: Config) -> ContextTable | None:
    """Count who took what on which occasion; None where no occasion says anything of items.

    For each dimension, the lift of an item in a cell is ``log((n + a) / (E + a))``: `n` users took
    the item in the cell, `E` would have if the cell said nothing of items, and `a` is how alike
    the cells are. It is the posterior mean of a rate ``n / E`` with a prior Gamma(a, a) of mean 1,
    so that what few took stays near 0.

    Parameters
    ----------
    data : TrainingData
        All events of kinds that speak for an item count, each user once for an item and a cell, as
        of the first time.
    config : Config
        What kinds are worth, and the zone of users without one.

    Notes
    -----
    Shrinkage and expected counts summed over strata (here of ``STRATUM_DAYS``): DuMouchel 1999,
    "Bayesian data mining in large frequency tables", with one gamma instead of a mixture of two;
    `a` by moments as in Clayton & Kaldor 1987, with the variance of shares instead of Poisson's,
    which is too wide where a dimension has few cells. A dimension whose counts spread no more than
    chance has no `a`, and is left out. Cost: one sort of the events a dimension.
    """
    takes = _takes(data, config)
    cells: dict[str, int] = {}
    parts: list[NDArray[np.float32]] = []
    for dimension, names, number in _dimensions(takes, data.timezone, config):
        chosen, lift = _lift(takes, number, len(names), most=MOST_CELLS[dimension])
        for place, row in zip(chosen.tolist(), lift, strict=True):
            cells[cell(dimension, names[place])] = len(parts)
            parts.append(row)
    return ContextTable(cells, np.stack(parts)) if parts else None


def _takes(data: TrainingData, config: Config) -> Interactions:
    """Return the events that speak for an item."""
    table = data.interactions
    speaks = kind_weights(table.kinds, config) > 0
    return table.where((table.item_row >= 0) & speaks[table.kind])


def _dimensions(
    takes: Interactions, timezone: tuple[str, ...], config: Config
) -> Iterator[tuple[str, tuple[str, ...], NDArray[np.int32]]]:
    """Yield each dimension, the names of its values, and that of each event (-1: not said)."""
    if (said := takes.occasions) is not None:
        yield DEVICE, said.devices, said.device
        yield PLACEMENT, said.placements, said.placement
    yield TIME, DAY_PARTS, _parts_of_day(takes, timezone, config)


def _parts_of_day(
    takes: Interactions, timezone: tuple[str, ...], config: Config
) -> NDArray[np.int32]:
    parts = np.empty(len(takes), np.int32)
    names, zone = np.unique(timezone or ("",), return_inverse=True)
    of_event = zone[takes.user_row] if timezone else np.zeros(len(takes), np.int64)
    for number, name in enumerate(names.tolist()):
        own = of_event == number
        parts[own] = day_parts(takes.at[own], zone_or(name, config.data.timezone))
    return parts


def _lift(
    takes: Interactions, number: NDArray[np.int32], n_values: int, *, most: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the values that have a cell, ascending, and the lift of each item in each."""
    item, value, stratum = _first_takes(takes, number)
    n_items = len(takes.items)
    takers = np.bincount(value, minlength=n_values)
    busiest = np.argsort(-takers, kind="stable")[:most]
    chosen = np.sort(busiest[takers[busiest] >= FEWEST])
    if not len(chosen):
        return chosen, np.empty((0, n_items), np.float32)
    place = np.full(n_values, -1)
    place[chosen] = np.arange(len(chosen))
    kept = place[value] >= 0
    own = place[value[kept]]
    sold = _counts(stratum, item, MOST_STRATA, n_items)
    share = _counts(stratum[kept], own, MOST_STRATA, len(chosen))
    share /= np.maximum(sold.sum(axis=1), 1.0)[:, None]
    taken = _counts(own, item[kept], len(chosen), n_items)
    expected = share.T @ sold
    spread = ((taken - expected) ** 2 - (share * (1 - share)).T @ sold).sum()
    if spread <= 0:
        return chosen[:0], np.empty((0, n_items), np.float32)
    alike = (expected**2).sum() / spread
    return chosen, np.log((taken + alike) / (expected + alike)).astype(np.float32)


def _first_takes(
    takes: Interactions, number: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Return item, value and stratum of the first time that a user took an item with a value."""
    said = np.flatnonzero(number >= 0)
    pair = takes.user_row[said].astype(np.int64) * len(takes.items) + takes.item_row[said]
    width = int(number.max(initial=0)) + 1
    # Events are in order of time within a user: the first index is the first time.
    first = said[np.unique(pair * width + number[said], return_index=True)[1]]
    at = takes.at[first]
    stratum = (takes.end - at) // (STRATUM_DAYS * DAY)
    return takes.item_row[first], number[first], np.minimum(stratum, MOST_STRATA - 1)


def _counts(
    row: NDArray[np.int64] | NDArray[np.int32],
    column: NDArray[np.int64] | NDArray[np.int32],
    n_rows: int,
    n_columns: int,
) -> NDArray[np.float64]:
    cell_of = row.astype(np.int64) * n_columns + column
    counts = np.bincount(cell_of, minlength=n_rows * n_columns)
    return counts.reshape(n_rows, n_columns).astype(np.float64)
