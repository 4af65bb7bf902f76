"""Counts of few people, and whatever would give such a count away."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

from recsys.segments.groups import MIN_USERS

Cell = TypeVar("Cell", bound=Hashable)


def few(users: int) -> bool:
    """Return whether so few users are counted that somebody could be recognised."""
    return 0 < users < MIN_USERS


def withheld(cells: Mapping[Cell, int]) -> frozenset[Cell]:
    """Return which cells of a known total must not be told.

    Those of few users, and the next larger ones until what the total and the told cells leave is
    at least ``MIN_USERS`` users in more than one cell. Empty cells go last: nobody is in them.

    Parameters
    ----------
    cells : mapping of cell to int
        Users in each cell; their total is told, or can be computed.
    """
    hidden = [cell for cell, users in cells.items() if few(users)]
    if not hidden:
        return frozenset()
    others = sorted(
        (cell for cell in cells if cell not in hidden), key=lambda c: (cells[c] == 0, cells[c])
    )
    for cell in others:
        if len(hidden) > 1 and sum(cells[one] for one in hidden) >= MIN_USERS:
            break
        hidden.append(cell)
    return frozenset(hidden)
