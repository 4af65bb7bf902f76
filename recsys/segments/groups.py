"""All groupings of users beside each other: RFM, lifecycle, content clusters and the trait.

Fitted as of training, told of anybody at any instant: who came back a minute ago is not dormant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions, UserEvents
from recsys.data.times import DAY, FOREVER
from recsys.segments import lifecycle, rfm
from recsys.segments.clusters import Clusters
from recsys.segments.snapshot import Crowd
from recsys.segments.table import MIN_USERS

__all__ = ["FAMILIES", "MIN_USERS", "OF_TASTE", "Groups", "Memberships", "Portrait"]

OF_TASTE = "taste:"
"""How the names of segments of taste begin: those that rung 1 of items may go by."""

FAMILIES = ("rfm", "lifecycle", "cluster")
"""Groupings by behaviour; what is not among these prefixes is the trait."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """A segment in figures, as of training.

    Attributes
    ----------
    name : str
        ``rfm:champions``, ``lifecycle:new``, ``cluster:…``, ``country:France``.
    users : int
        How many are in it.
    revenue_share : float or None
        Their share of all the money of critical events so far; None where there was none.
    churn : float or None
        Mean probability of churn over its active users: who is gone already cannot leave. None
        where none of them has one.
    churn_users : int
        How many of them are active and have a probability of their own.
    repurchase : float or None
        Of the users who were in it one period ago, the share that came back within the period;
        None where nobody was.
    repurchase_users : int
        How many were in it one period ago.
    """

    name: str
    users: int
    revenue_share: float | None
    churn: float | None
    churn_users: int
    repurchase: float | None
    repurchase_users: int

    @classmethod
    def sized(cls, name: str, users: int) -> Portrait:
        """Return a segment of which nothing but its size was figured."""
        return cls(name, users, None, None, 0, None, 0)


@dataclass(frozen=True, slots=True)
class Memberships:
    """Where each user of a crowd is; -1 in none.

    Attributes
    ----------
    rfm, lifecycle, cluster : int8, shape (n_users,)
        Indices into ``rfm.NAMES``, ``lifecycle.STATES`` and the names of the clusters.
    """

    rfm: NDArray[np.int8]
    lifecycle: NDArray[np.int8]
    cluster: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Groups:
    """The fitted groupings.

    Attributes
    ----------
    critical : int
        Number of the kind whose absence is churn; -1 when the data have none of it.
    trait : str
        Name of the trait that makes segments.
    cuts : RfmCuts
        Where the RFM scores change.
    period_days : int
        Of the lifecycle: the usage interval, else the horizon of churn.
    clusters : Clusters or None
        None where no grouping by content was stable.
    no_clusters : str
        Why not; empty when there are some.
    portraits : tuple of Portrait
        One for every segment there is.
    transitions : int64, shape (6, 5)
        See :func:`recsys.segments.lifecycle.transitions`.
    """

    critical: int
    trait: str
    cuts: rfm.RfmCuts
    period_days: int
    clusters: Clusters | None
    no_clusters: str
    portraits: tuple[Portrait, ...]
    transitions: NDArray[np.int64]

    @property
    def names(self) -> tuple[str, ...]:
        """What the segments are called."""
        return tuple(portrait.name for portrait in self.portraits)

    def memberships(self, crowd: Crowd) -> Memberships:
        """Return where each user is at the instant of the crowd, by behaviour up to it."""
        own = crowd.of_kind(self.critical)
        return self._memberships(own.events, own.indptr, at=crowd.at + 1)

    def until(self, crowd: Crowd) -> int:
        """Return the first instant at which time alone may move somebody of the crowd."""
        at = crowd.of_kind(self.critical).events.at
        period = self.period_days * DAY
        turns = at + ((crowd.at - at) // period + 1) * period
        scores = (at[:, None] + np.floor(self.cuts.recency_days * DAY).astype(np.int64)).ravel()
        later = np.concatenate([turns, scores[scores > crowd.at]])
        return int(later.min(initial=FOREVER))

    def named(self, of: Memberships, user: int) -> Mapping[str, str | None]:
        """Return the name of a user's segment of every family, None where in none."""
        rows = (of.rfm[user], of.lifecycle[user], of.cluster[user])
        return {
            family: self._names(family)[row] if row >= 0 else None
            for family, row in zip(FAMILIES, rows, strict=True)
        }

    def inside(self, name: str, crowd: Crowd, of: Memberships) -> NDArray[np.bool_]:
        """Return who is in the segment called `name`, bool, shape (n_users,); nobody is in none."""
        family, _, value = name.partition(":")
        if family == self.trait:
            values = (traits.get(self.trait, "") for traits in crowd.traits)
            return np.fromiter((trait == value for trait in values), bool, len(crowd))
        names = self._names(family) if family in FAMILIES else ()
        if value not in names:
            return np.zeros(len(crowd), bool)
        inside: NDArray[np.bool_] = getattr(of, family) == names.index(value)
        return inside

    def inside_at_training(
        self, name: str, interactions: Interactions, *, at: int
    ) -> NDArray[np.bool_]:
        """Return who was in a segment by behaviour at training, bool, shape (n_users,).

        Parameters
        ----------
        name : str
            ``rfm:…``, ``lifecycle:…`` or ``cluster:…``; nobody is in any other.
        interactions : Interactions
            Of the training data.
        at : int
            The instant of training (microseconds).
        """
        own = interactions.where(interactions.kind == self.critical).before(at)
        family, _, value = name.partition(":")
        names = self._names(family) if family in FAMILIES else ()
        if value not in names:
            return np.zeros(len(own.users), bool)
        found = self._memberships(own, own.indptr, at=at)
        inside: NDArray[np.bool_] = getattr(found, family) == names.index(value)
        return inside

    def _memberships(
        self, own: UserEvents | Interactions, indptr: NDArray[np.int64], *, at: int
    ) -> Memberships:
        facts = rfm.facts_of(own.at, own.value, indptr, at=at)
        return Memberships(
            rfm=rfm.segment(rfm.score(facts, self.cuts)),
            lifecycle=lifecycle.states(own.at, indptr, at=at, period_days=self.period_days),
            cluster=np.full(len(indptr) - 1, -1, np.int8)
            if self.clusters is None
            else self.clusters.of(own.item_row, indptr),
        )

    def _names(self, family: str) -> tuple[str, ...]:
        if family == "cluster":
            return () if self.clusters is None else self.clusters.names
        return rfm.NAMES if family == "rfm" else lifecycle.STATES
