"""Rung 2: how this user responded to each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.channel import decide, response
from recsys.channel.batch_people import Crowd, Offers
from recsys.channel.decide import ChannelChoice, Posterior
from recsys.channel.eligibility import ChannelQuery, Offer
from recsys.channel.messages import Messages
from recsys.channel.popular import PopularChannel
from recsys.channel.response import Belief, Beliefs
from recsys.channel.segment import SegmentChannel, SegmentResponse
from recsys.channel.terms import Terms
from recsys.data.person import Person
from recsys.ladder import Reason, RungName, Step
from recsys.segments.table import SegmentTable


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
    kappa: tuple[float, ...]

    name = RungName.ONE_TO_ONE

    @classmethod
    def of(
        cls,
        popular: PopularChannel,
        segment: SegmentChannel,
        fitted: PersonalResponse,
        *,
        below: Posterior,
    ) -> OneToOneChannel:
        """Build the rung of fitted counts."""
        return cls(popular, segment, below, fitted, tuple(fitted.kappa.tolist()))

    @property
    def terms(self) -> Terms:
        """On what terms channels may be used."""
        return self.popular.terms

    @property
    def simulated(self) -> bool:
        """Whether the messages behind it were simulated."""
        return self.popular.simulated

    def declines(self, person: Person) -> Step | None:
        """Refuse unknown users, and users who never got a message."""
        if person.user_row is None:
            return Step(self.name, Reason.UNKNOWN_USER, "this user is not in the model")
        if not self.fitted.received[person.user_row]:
            return Step(self.name, Reason.TOO_LITTLE_HISTORY, "this user never got a message")
        return None

    def because(self, person: Person) -> str:
        """Say how many messages the answer stands on."""
        received = int(self.fitted.received[person.user_row or 0])
        return f"how this user responded to {received:,} messages, shrunk to the segment"

    def beliefs(self, person: Person, offers: Sequence[Offer]) -> Sequence[Belief]:
        """Return the user's own response to each channel: (y + κ·m) / (n + κ)."""
        known = self.segment.declines(person) is None
        priors = self.segment.beliefs(person, offers) if known else self.popular.everybody
        row = person.user_row
        sent, responded = self.fitted.sent[row].tolist(), self.fitted.responded[row].tolist()
        weights = [n + kappa for n, kappa in zip(sent, self.kappa, strict=True)]
        means = [
            (y + kappa * prior.response.p) / weight
            for y, kappa, prior, weight in zip(responded, self.kappa, priors, weights, strict=True)
        ]
        own = response.chances(means, weights)
        return [Belief(o, p.unsubscribe) for o, p in zip(own, priors, strict=True)]

    def applies(self, crowd: Crowd) -> NDArray[np.bool_]:
        """Return who is known and got a message, shape (n,)."""
        known: NDArray[np.bool_] = crowd.user_row >= 0
        known[known] = self.fitted.received[crowd.user_row[known]] > 0
        return known

    def believed(self, crowd: Crowd, offered: Offers) -> Beliefs:
        """Return each one's own response; of anybody where the model does not know them."""
        in_segment = self.segment.applies(crowd)[:, None]
        priors = Beliefs(
            *(
                np.where(in_segment, own, everybody)
                for own, everybody in zip(
                    self.segment.believed(crowd, offered),
                    self.popular.believed(crowd, offered),
                    strict=True,
                )
            )
        )
        row, kappa = np.maximum(crowd.user_row, 0), np.array(self.kappa)
        weight = self.fitted.sent[row] + kappa
        mean = (self.fitted.responded[row] + kappa * priors.p) / weight
        return priors._replace(p=mean, sd=np.sqrt(mean * (1 - mean) / (weight + 1)))

    def answer(self, person: Person, query: ChannelQuery) -> ChannelChoice:
        """Decide by the user's own response."""
        return decide.decide(self, person, query)
