"""Rung 1: how the person's segment responds to each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.channel import response
from recsys.channel.choice import ChannelChoice, choose, choose_all
from recsys.channel.decide import Posterior, Situation
from recsys.channel.eligibility import ChannelQuery
from recsys.channel.messages import Messages
from recsys.channel.popular import GlobalResponse, PopularChannel
from recsys.channel.recipients import Addressed, Column, row_of, where
from recsys.channel.response import Belief, Rates, posterior
from recsys.channel.terms import Terms
from recsys.channel.worth import Worth
from recsys.data.person import Person
from recsys.ladder import Reason, RungName, Step
from recsys.segments.table import SegmentTable
from recsys.words import say


@dataclass(frozen=True, slots=True)
class SegmentResponse:
    """Response of each segment, shrunk to everybody's.

    Attributes
    ----------
    names : tuple of str
        Segments, in the order of the segment table.
    response : Rates
        Shape (n_segments, n_channels).
    kappa : float64, shape (n_channels,)
        Messages' worth of everybody's rate in a segment's.
    """

    names: tuple[str, ...]
    response: Rates
    kappa: NDArray[np.float64]


def fit(
    messages: Messages,
    segments: SegmentTable,
    everybody: GlobalResponse,
    *,
    half_life_days: float,
    at: int,
) -> SegmentResponse:
    """Return the response of every behavioural and trait segment as of `at`."""

    def by_segment(amount: NDArray[np.float64]) -> NDArray[np.float64]:
        behaviour, trait = (
            response.counts(row[messages.user_row], messages, amount, n_rows=len(segments.names))
            for row in (segments.user_segment, segments.user_trait)
        )
        return behaviour + trait

    weight = response.decay(messages, half_life_days=half_life_days, at=at)
    ones = np.ones(len(messages))
    sent, responded = by_segment(weight), by_segment(weight * messages.responded)
    mean = np.broadcast_to(everybody.response.mean, sent.shape)
    kappa = response.concentration(by_segment(ones * messages.responded), by_segment(ones), mean)
    return SegmentResponse(
        names=segments.names,
        response=Rates.of(responded, sent, prior=mean, kappa=kappa),
        kappa=kappa,
    )


@dataclass(frozen=True, slots=True)
class SegmentChannel:
    """Answers all members of a segment alike, but for what each may be sent."""

    terms: Terms
    toll: Sequence[Worth]
    simulated: bool
    below: Posterior
    names: tuple[str, ...]
    p: NDArray[np.float64]
    sd: NDArray[np.float64]

    name = RungName.SEGMENT

    @classmethod
    def of(
        cls, popular: PopularChannel, fitted: SegmentResponse, *, below: Posterior
    ) -> SegmentChannel:
        """Build the rung of fitted rates; nobody leaves more or less by segment."""
        p, sd = posterior(fitted.response.mean, fitted.response.weight)
        return cls(popular.terms, popular.toll, popular.simulated, below, fitted.names, p, sd)

    def declines(self, person: Person) -> Step | None:
        """Refuse people who are in no segment."""
        if self._known(person.segment_row):
            return None
        return Step(self.name, Reason.NO_SEGMENT, say("rung.no_segment"))

    def because(self, person: Person) -> str:
        """Name the segment."""
        name, uplift_in = self.names[person.segment_row], self.terms.uplift_in
        if uplift_in:
            return say("channel.uplift_segment", outcome=uplift_in, segment=name)
        return say("channel.segment", segment=name)

    def applies(self, people: Addressed) -> Column:
        """Return who is in a segment."""
        return self._known(people.segment_row)

    def believed(self, now: Situation) -> Sequence[Belief]:
        """Return the response of each one's segment; of any where in none."""
        row = now.people.segment_row
        row = where(self._known(row), row, 0)
        return list(map(Belief, row_of(self.p, row), row_of(self.sd, row)))

    def answer(self, person: Person, query: ChannelQuery) -> ChannelChoice:
        """Decide by the response of the segment."""
        return choose(self, person, query)

    def answer_all(self, people: Sequence[Person], query: ChannelQuery) -> list[ChannelChoice]:
        """Decide for many in the same way."""
        return choose_all(self, people, query)

    def _known(self, row: Column) -> Column:
        return (row >= 0) & (row < len(self.names))
