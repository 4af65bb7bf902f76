"""Rung 1: what users of the same segment took lately."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.person import NO_SEGMENT, Person
from recsys.items.popular import popular
from recsys.items.slate import ItemQuery, Ranking
from recsys.ladder import Reason, RungName, Step


@dataclass(frozen=True, slots=True)
class SegmentItems:
    """All items in the order of their popularity in each segment, shrunk to rung 0.

    Attributes
    ----------
    names : tuple of str
        The segments.
    order : int32, shape (n_segments, n_items)
        Most popular first, ties by the lower row.
    share : float32, shape (n_segments, n_items)
        Share of the segment's users who take each item, by item row.
    users : int32, shape (n_segments, n_items)
        Users of the segment who bought each item within `days`, by item row.
    days : int
        The window of `users`.
    members : int32, shape (n_segments,)
        Users in each segment.
    """

    names: tuple[str, ...]
    order: NDArray[np.int32]
    share: NDArray[np.float32]
    users: NDArray[np.int32]
    days: int
    members: NDArray[np.int32]

    @property
    def name(self) -> RungName:
        """Which rung this is."""
        return RungName.SEGMENT

    def declines(self, person: Person) -> Step | None:
        """Refuse whoever is in no segment, or in one without users at training."""
        if person.segment_row == NO_SEGMENT:
            return Step(self.name, Reason.NO_SEGMENT, "this user is in no segment")
        if not self.members[person.segment_row]:
            name = self.names[person.segment_row]
            return Step(self.name, Reason.NO_SEGMENT, f"segment {name} has no users")
        return None

    def because(self, person: Person) -> str:
        """Return one sentence on what the answer stands on."""
        row = person.segment_row
        return f"what the {self.members[row]:,} users of segment {self.names[row]} took lately"

    def answer(self, person: Person, query: ItemQuery) -> Ranking | None:
        """Return the segment's most popular allowed items; None when none is allowed."""
        row = person.segment_row
        return popular(self.order[row], self.share[row], self.users[row], self.days, query)
