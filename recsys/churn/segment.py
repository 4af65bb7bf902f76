"""Rung 1: the share of a user's segment that churns, shrunk to everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.churn.bands import NO_RATE, Bands
from recsys.churn.labels import Labelled
from recsys.churn.popular import PopularChurn
from recsys.churn.risk import ChurnQuery, ChurnRisk, interval, percentile
from recsys.data.interactions import Interactions
from recsys.data.person import NO_SEGMENT, Person
from recsys.ladder import Reason, RungName, Step
from recsys.segments import rfm
from recsys.segments.table import MIN_USERS
from recsys.words import say


@dataclass(frozen=True, slots=True)
class SegmentChurn:
    """The rate of every segment.

    Attributes
    ----------
    names : tuple of str
        What the segment rows are called.
    n_users : int64, shape (n_segments,)
        Active users behind each rate; below ``MIN_USERS`` the segment is suppressed.
    p, low, high : float64, shape (n_segments,)
        Rate and interval.
    percentile : float64, shape (n_segments,)
        Percentage of active users whose segment has a lower rate, ties counting half.
    horizon_days : int
        How far ahead.
    bands : Bands
        What the rates are held against.
    """

    names: tuple[str, ...]
    n_users: NDArray[np.int64]
    p: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    percentile: NDArray[np.float64]
    horizon_days: int
    bands: Bands = NO_RATE

    @property
    def name(self) -> RungName:
        """Rung 1."""
        return RungName.SEGMENT

    def declines(self, person: Person) -> Step | None:
        """Refuse users without a segment, or in one that is too small to speak of."""
        row = person.segment_row
        if row == NO_SEGMENT:
            return Step(self.name, Reason.NO_SEGMENT, say("rung.no_segment"))
        if self.n_users[row] < MIN_USERS:
            detail = say("churn.small_segment", least=MIN_USERS, segment=self.names[row])
            return Step(self.name, Reason.NO_SEGMENT, detail)
        return None

    def because(self, person: Person) -> str:
        """Say whose rate it is."""
        row = person.segment_row
        return say("churn.segment", n=int(self.n_users[row]), segment=self.names[row])

    def answer(self, person: Person, query: ChurnQuery) -> ChurnRisk:  # noqa: ARG002
        """Return the rate of the person's segment."""
        row = person.segment_row
        bounds = (self.p[row], self.low[row], self.high[row])
        return ChurnRisk.of(bounds, self.percentile[row], self.horizon_days, self.bands)

    def answer_all(self, people: Sequence[Person], query: ChurnQuery) -> list[ChurnRisk]:
        """Return the rates of many, each segment's looked up once."""
        one_of = {person.segment_row: person for person in people}
        found = {row: self.answer(person, query) for row, person in one_of.items()}
        return [found[person.segment_row] for person in people]


@dataclass(frozen=True, slots=True)
class LabelledMembers:
    """Who was in which segment; a user at a cut-off may be in two (behaviour and trait).

    Attributes
    ----------
    segment_row : int16, shape (n,)
        Never ``NO_SEGMENT``.
    churned : bool, shape (n,)
        Whether the user churned after the cut-off.
    weight : float64, shape (n,)
        What the row counts, so that every user counts once in a segment.
    """

    segment_row: NDArray[np.int16]
    churned: NDArray[np.bool_]
    weight: NDArray[np.float64]


def memberships(
    critical: Interactions, rows: Labelled, user_trait: NDArray[np.int16]
) -> LabelledMembers:
    """Return in which segment each labelled row was, as of its own cut-off.

    Parameters
    ----------
    critical : Interactions
        Of the critical kind; each cut-off looks only at what was before it.
    rows : Labelled
        Who was active at the cut-offs, and whether they churned.
    user_trait : int16, shape (n_users,)
        Row of each user's trait segment, which does not change with time.
    """
    behaviour = np.full(len(rows), NO_SEGMENT, np.int16)
    for at in np.unique(rows.at):
        facts = rfm.facts(critical.before(int(at)), at=int(at))
        here = rows.at == at
        behaviour[here] = rfm.segment(rfm.score(facts, rfm.fit(facts)))[rows.user_row[here]]
    segment_row = np.concatenate([behaviour, user_trait[rows.user_row]])
    some = segment_row != NO_SEGMENT
    user_row = np.tile(rows.user_row, 2)[some]
    pair = user_row.astype(np.int64) * (segment_row.max(initial=0) + 1) + segment_row[some]
    _, pair_row, counts = np.unique(pair, return_inverse=True, return_counts=True)
    churned = np.tile(rows.churned, 2)[some]
    return LabelledMembers(segment_row[some], churned, 1 / counts[pair_row])


def fit(
    members: LabelledMembers,
    base: PopularChurn,
    names: tuple[str, ...],
    *,
    active_segment: NDArray[np.int16],
    shrinkage: float,
    z: float,
) -> SegmentChurn:
    """Return ``p_s = (churned_s + shrinkage · p) / (n_s + shrinkage)`` of every segment.

    Parameters
    ----------
    members : LabelledMembers
        Labelled rows in their segments.
    base : PopularChurn
        What small segments are shrunk to.
    names : tuple of str
        What the segment rows are called.
    active_segment : int16, shape (n_active,)
        Segment of each user active now, for the percentiles.
    shrinkage : float
        Users' worth of the base rate, at least 1.
    z : float
        Width of the intervals in standard deviations.
    """
    shrinkage, size = max(shrinkage, 1.0), len(names)
    n = np.bincount(members.segment_row, members.weight, minlength=size)
    churned = np.bincount(members.segment_row, members.weight * members.churned, minlength=size)
    p = (churned + shrinkage * base.p) / (n + shrinkage)
    sd = 1 / np.sqrt((n + shrinkage) * p * (1 - p))
    _, low, high = interval(np.log(p / (1 - p)), sd, z=z)
    in_a_segment = active_segment[active_segment != NO_SEGMENT]
    return SegmentChurn(
        names=names,
        n_users=np.round(n).astype(np.int64),
        p=p,
        low=low,
        high=high,
        percentile=percentile(p, np.sort(p[in_a_segment])),
        horizon_days=base.horizon_days,
        bands=base.bands,
    )
