"""Rung 2: how this user responded to each channel."""

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
from recsys.channel.popular import PopularChannel
from recsys.channel.recipients import Addressed, Column, row_of, value_at, where
from recsys.channel.response import Belief, posterior
from recsys.channel.segment import SegmentChannel, SegmentResponse
from recsys.channel.terms import Terms
from recsys.channel.worth import Worth
from recsys.data.person import Person
from recsys.ladder import Reason, RungName, Step
from recsys.segments.table import SegmentTable
from recsys.words import once


@dataclass(frozen=True, slots=True)
class PersonalResponse:
    """What every user got and responded to, as of the fit.

    Attributes
    ----------
    sent, responded : float32, shape (n_users, n_channels)
        Counts that decay with age.
    received : int32, shape (n_users,)
        Messages of any age.
    kappa : float64, shape (n_channels,)
        Messages' worth of the segment's rate in a user's.
    """

    sent: NDArray[np.float32]
    responded: NDArray[np.float32]
    received: NDArray[np.int32]
    kappa: NDArray[np.float64]

    def means(self, prior: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (y + κ·m) / (n + κ) of every user and channel; `prior` has the same shape."""
        return (self.responded + self.kappa * prior) / (self.sent + self.kappa)


def fit(
    messages: Messages,
    prior: NDArray[np.float64],
    *,
    half_life_days: float,
    at: int,
) -> PersonalResponse:
    """Return every user's counts as of `at`, and how far they are shrunk.

    `prior`, float64, shape (n_users, n_channels), is what each user is shrunk to; κ comes from how
    much more users differ from it than chance explains.
    """
    weight = response.decay(messages, half_life_days=half_life_days, at=at)
    ones = np.ones(len(messages))
    plain, sent, hits, responded = (
        response.counts(messages.user_row, messages, amount, n_rows=len(prior))
        for amount in (ones, weight, ones * messages.responded, weight * messages.responded)
    )
    return PersonalResponse(
        sent=sent.astype(np.float32),
        responded=responded.astype(np.float32),
        received=plain.sum(axis=1).astype(np.int32),
        kappa=response.concentration(hits, plain, prior),
    )


def prior_means(
    segments: SegmentTable, by_segment: SegmentResponse, everybody: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the response of each user's segment, behaviour before trait, else everybody's."""
    home = np.where(segments.user_segment >= 0, segments.user_segment, segments.user_trait)
    means: NDArray[np.float64] = np.vstack([by_segment.response.mean, everybody])[home]
    return means


@dataclass(frozen=True, slots=True)
class OneToOneChannel:
    """Answers by the user's own responses, shrunk to the segment's."""

    popular: PopularChannel
    segment: SegmentChannel
    below: Posterior
    fitted: PersonalResponse

    name = RungName.ONE_TO_ONE

    @property
    def terms(self) -> Terms:
        """On what terms channels may be used."""
        return self.popular.terms

    @property
    def toll(self) -> Sequence[Worth]:
        """What a message costs, those who leave included."""
        return self.popular.toll

    @property
    def simulated(self) -> bool:
        """Whether the messages behind it were simulated."""
        return self.popular.simulated

    def declines(self, person: Person) -> Step | None:
        """Refuse unknown users, and users who never got a message."""
        if person.user_row is None:
            return Step(self.name, Reason.UNKNOWN_USER, once("rung.unknown_user"))
        if not self.fitted.received[person.user_row]:
            return Step(self.name, Reason.TOO_LITTLE_HISTORY, once("channel.no_message"))
        return None

    def because(self, person: Person) -> str:
        """Say how many messages the answer stands on."""
        return once("channel.own", n=self.messages(person))

    def messages(self, person: Person) -> int:
        """Return how many messages a user got."""
        return int(self.fitted.received[person.user_row or 0])

    def applies(self, people: Addressed) -> Column:
        """Return who is known and got a message."""
        row = people.user_row
        return (row >= 0) & (value_at(self.fitted.received, where(row >= 0, row, 0)) > 0)

    def believed(self, now: Situation) -> Sequence[Belief]:
        """Return (y + κ·m) / (n + κ) of each one; of anybody where the model does not know them."""
        in_segment = self.segment.applies(now.people)
        row = where(now.people.user_row >= 0, now.people.user_row, 0)
        return [
            posterior((y + kappa * where(in_segment, own.p, usual.p)) / (n + kappa), n + kappa)
            for y, n, kappa, own, usual in zip(
                row_of(self.fitted.responded, row),
                row_of(self.fitted.sent, row),
                self.fitted.kappa.tolist(),
                now.believed(self.segment),
                self.popular.everybody,
                strict=True,
            )
        ]

    def answer(self, person: Person, query: ChannelQuery) -> ChannelChoice:
        """Decide by the user's own response."""
        return choose(self, person, query)

    def answer_all(self, people: Sequence[Person], query: ChannelQuery) -> list[ChannelChoice]:
        """Decide for many in the same way."""
        return choose_all(self, people, query)
