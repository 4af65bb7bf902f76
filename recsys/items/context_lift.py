"""The request's context: how much more an item is taken on such an occasion than overall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.person import Context
from recsys.data.surfaces import DEVICE, PLACEMENT, plain
from recsys.data.times import DAY_PARTS, day_part, zone_or
from recsys.words import Words, listed, say

TIME = "time"
NAMED = {DEVICE: "name", PLACEMENT: "name", TIME: "part"}
"""What the cell of each dimension is in its reason."""


def cell(dimension: str, name: str) -> str:
    """Return what a cell is called."""
    return f"{dimension}:{name}"


@dataclass(frozen=True, slots=True)
class ItemLift:
    """What one context adds to the score of each item.

    Attributes
    ----------
    total : float32, shape (n_items,)
        Added to a score on the scale of logarithms.
    parts : tuple of (Words, float32 of shape (n_items,))
        Each dimension in words, and its own share before it is weighed.
    """

    total: NDArray[np.float32]
    parts: tuple[tuple[Words, NDArray[np.float32]], ...]

    def notes(self, items: NDArray[np.int32], without: NDArray[np.int32]) -> tuple[str, ...]:
        """Return the reason for each item that the context moved up, else an empty text.

        Parameters
        ----------
        items, without : int32, shape (k,)
            The head of the ranking in this context, and as it would be without it.
        """
        place = {item: rank for rank, item in enumerate(without.tolist())}
        return tuple(
            self._words(item) if place.get(item, len(place)) > rank else ""
            for rank, item in enumerate(items.tolist())
        )

    def _words(self, item: int) -> str:
        said = [words for words, lift in self.parts if lift[item] > 0]
        return say("item.moment", where=listed(said)) if said else ""


@dataclass(frozen=True, slots=True)
class ContextLift:
    """A table of cells by items, made at training, so that a request adds a few rows.

    A cell is one value of one dimension: a device, a placement, or a part of the local day
    (weekdays and weekends apart). What is unknown or not said adds nothing.

    Attributes
    ----------
    cells : mapping of str to int
        Row of each cell, by what :func:`cell` calls it.
    lift : float32, shape (n_cells, n_items)
        Logarithm of how much more an item is taken in the cell than elsewhere, shrunk to 0; see
        :mod:`training.items.context.table`.
    weight, session_weight : float
        What the sum over the dimensions weighs next to the 1:1 score, and next to what comes next
        in a session; 0 where it does not.
    timezone : str
        IANA name, for requests and users without one.
    """

    cells: Mapping[str, int]
    lift: NDArray[np.float32]
    weight: float
    session_weight: float
    timezone: str

    def of(self, context: Context, *, at: int, in_session: bool) -> ItemLift | None:
        """Return what a context adds as of `at` (microseconds); None where it adds nothing."""
        weight = self.session_weight if in_session else self.weight
        if not weight:
            return None
        parts = []
        for dimension, name in self._said(context, at):
            row = self.cells.get(cell(dimension, name))
            if row is not None:
                words = say(f"moment.{dimension}", **{NAMED[dimension]: name})
                parts.append((words, self.lift[row]))
        if not parts:
            return None
        total = np.multiply(parts[0][1], np.float32(weight))
        for _, lift in parts[1:]:
            total += np.float32(weight) * lift
        return ItemLift(total, tuple(parts))

    def _said(self, context: Context, at: int) -> tuple[tuple[str, str], ...]:
        there = zone_or(context.timezone, self.timezone)
        return (
            (DEVICE, plain(context.device)),
            (PLACEMENT, plain(context.placement)),
            (TIME, DAY_PARTS[day_part(at, there)]),
        )
