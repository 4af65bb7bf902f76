"""Rung 1: what users of the same segment took lately."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.person import NO_SEGMENT, Person
from recsys.items.popular import popular
from recsys.items.slate import ItemQuery, Ranking
from recsys.ladder import Reason, RungName, Step
from recsys.segments.clusters import NO_CLUSTER, Clusters
from recsys.words import say


@dataclass(frozen=True, slots=True)
class Tastes:
    """Segments by what people have in common: one item places a person in one of them.

    Attributes
    ----------
    clusters : Clusters
        Their centres, and what items are about.
    of_user : int16, shape (n_users,)
        Cluster of each user at training, ``NO_CLUSTER`` for none.
    first : int
        Row of the first of them among the segments.
    """

    clusters: Clusters
    of_user: NDArray[np.int16]
    first: int

    def row(self, person: Person) -> int:
        """Return the row of the segment that a person's events place them in."""
        if person.user_row is not None and not len(person.live):
            cluster = int(self.of_user[person.user_row])
        else:
            cluster = self.clusters.of_one(person.events.item_row)
        return NO_SEGMENT if cluster == NO_CLUSTER else self.first + cluster


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
    tastes : Tastes or None
        The last of the segments, by taste, where they were shown to do better: they come first.
    """

    names: tuple[str, ...]
    order: NDArray[np.int32]
    share: NDArray[np.float32]
    users: NDArray[np.int32]
    days: int
    members: NDArray[np.int32]
    tastes: Tastes | None = None

    @property
    def name(self) -> RungName:
        """Which rung this is."""
        return RungName.SEGMENT

    def declines(self, person: Person) -> Step | None:
        """Refuse whoever is in no segment, or in one without users at training."""
        row = self.row(person)
        if row == NO_SEGMENT:
            return Step(self.name, Reason.NO_SEGMENT, say("rung.no_segment"))
        if not self.members[row]:
            name = self.names[row]
            return Step(self.name, Reason.NO_SEGMENT, say("items.empty_segment", segment=name))
        return None

    def because(self, person: Person) -> str:
        """Return one sentence on what the answer stands on."""
        row = self.row(person)
        return say("items.segment", n=int(self.members[row]), segment=self.names[row])

    def answer(self, person: Person, query: ItemQuery) -> Ranking | None:
        """Return the segment's most popular allowed items; None when none is allowed."""
        row = self.row(person)
        return popular(self.order[row], self.share[row], self.users[row], self.days, query)

    def row(self, person: Person) -> int:
        """Return the segment that a person is listed by: of taste, else as the person says."""
        if self.tastes is None:
            return person.segment_row
        row = self.tastes.row(person)
        return person.segment_row if row == NO_SEGMENT else row

    def named(self, name: str) -> int:
        """Return the row of the segment called `name`, ``NO_SEGMENT`` when there is none."""
        return self.names.index(name) if name in self.names else NO_SEGMENT
