"""The rules of a placement, worked out for the items of one model version."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.placements.fields import Bools, ItemFields
from recsys.placements.filter import matching
from recsys.placements.placement import Placement

Caps = tuple[tuple[NDArray[np.int32], int], ...]
"""Of each cap: the value of each item, int32, shape (n_items,), and the most of one value."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a request needs of a placement: it looks up rows and evaluates no filter.

    Attributes
    ----------
    placement : Placement
        What was saved.
    allowed : bool, shape (n_items,)
        Items that pass the filter and can be had.
    factor : float64, shape (n_items,), or None
        Product of the boosts of each item; None without boosts.
    boosted : tuple of bool arrays, shape (n_items,)
        The items of each boost.
    caps : Caps
        Values are negative for items that have none: those are not bounded.
    pins : tuple of (int, int)
        Rank and row.
    promoted : bool, shape (n_items,), or None
        Items that get a share of the places.
    """

    placement: Placement
    allowed: Bools
    factor: NDArray[np.float64] | None
    boosted: tuple[Bools, ...]
    caps: Caps
    pins: tuple[tuple[int, int], ...]
    promoted: Bools | None

    @classmethod
    def of(cls, placement: Placement, fields: ItemFields) -> Rules:
        """Work a placement out; what the catalogue does not have any more applies to no item."""
        allowed = fields.available
        if placement.filter is not None:
            allowed = allowed & matching(placement.filter, fields)
        boosted = tuple(matching(boost.filter, fields) for boost in placement.boosts)
        factor = np.ones(len(fields)) if boosted else None
        if factor is not None:
            for boost, items in zip(placement.boosts, boosted, strict=True):
                factor[items] *= boost.factor
        known = fields.fields
        caps = ((known[n].code, most) for n, most in placement.caps.items() if n in known)
        rows = ((pin.rank, fields.items.row(pin.item_id)) for pin in placement.pins)
        promote = placement.promote
        return cls(
            placement=placement,
            allowed=allowed,
            factor=factor,
            boosted=boosted,
            caps=tuple(caps),
            pins=tuple((rank, -1 if row is None else row) for rank, row in rows),
            promoted=None if promote is None else matching(promote.filter, fields),
        )
