"""Which segment a person is in: by behaviour where it may be looked at, else by a trait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.data.person import NO_SEGMENT
from recsys.segments import rfm

MIN_USERS = 20


@dataclass(frozen=True, slots=True)
class SegmentTable:
    """All segments there are, and the behavioural segment of every known user.

    Segment rows are RFM segments first (in the order of ``rfm.NAMES``), then trait values with at
    least ``MIN_USERS`` users who ordered: smaller cells are suppressed.

    Attributes
    ----------
    names : tuple of str
        ``rfm:champions``, ``country:France``…
    user_segment : int16, shape (n_users,)
        Row of each user's RFM segment; ``NO_SEGMENT`` without an order.
    user_trait : int16, shape (n_users,)
        Row of each user's trait segment; ``NO_SEGMENT`` where unknown or suppressed.
    cuts : RfmCuts
        Where the RFM scores change.
    """

    names: tuple[str, ...]
    user_segment: NDArray[np.int16]
    user_trait: NDArray[np.int16]
    cuts: rfm.RfmCuts

    def of_user(self, user_row: int | None, trait_row: int = NO_SEGMENT) -> int:
        """Return the behavioural segment of a known user, else one by trait, else ``NO_SEGMENT``.

        `trait_row` is what the moment says of the trait; without it the stored trait stands in.
        """
        if user_row is None:
            return trait_row
        candidates = (self.user_segment[user_row], trait_row, self.user_trait[user_row])
        return next((int(row) for row in candidates if row != NO_SEGMENT), NO_SEGMENT)

    def row(self, name: str) -> int:
        """Return the row of the segment called `name`, ``NO_SEGMENT`` when there is none."""
        return self.names.index(name) if name in self.names else NO_SEGMENT

    def members(self, segment_row: int) -> NDArray[np.bool_]:
        """Return who is in a segment, bool, shape (n_users,); nobody is in ``NO_SEGMENT``."""
        if segment_row == NO_SEGMENT:
            return np.zeros(len(self.user_segment), bool)
        inside: NDArray[np.bool_] = np.logical_or(
            self.user_segment == segment_row, self.user_trait == segment_row
        )
        return inside


def fit(
    interactions: Interactions, trait: Sequence[str], *, trait_name: str, at: int
) -> SegmentTable:
    """Group users as of `at`.

    Parameters
    ----------
    interactions : Interactions
        Of the critical kind, strictly before `at`.
    trait : sequence of str, length n_users
        Value of the trait of each user; empty where unknown.
    trait_name : str
        Prefix of the trait segments' names.
    at : int
        Microseconds since the epoch.
    """
    facts = rfm.facts(interactions, at=at)
    cuts = rfm.fit(facts)
    active = facts.order_days > 0
    values, codes = np.unique(np.asarray(trait, dtype=object).astype(str), return_inverse=True)
    counts = np.bincount(codes[active], minlength=len(values))
    kept = (values != "") & (counts >= MIN_USERS)
    rows = np.where(kept, len(rfm.NAMES) + np.cumsum(kept) - 1, NO_SEGMENT)
    return SegmentTable(
        names=(
            *(f"rfm:{name}" for name in rfm.NAMES),
            *(f"{trait_name}:{value}" for value in values[kept]),
        ),
        user_segment=rfm.segment(rfm.score(facts, cuts)).astype(np.int16),
        user_trait=rows[codes].astype(np.int16),
        cuts=cuts,
    )
