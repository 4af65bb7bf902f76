"""Rung 0: how everybody responds to each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.channel import response
from recsys.channel.choice import ChannelChoice, choose, choose_all
from recsys.channel.decide import Posterior, Situation
from recsys.channel.eligibility import ChannelQuery
from recsys.channel.messages import Messages
from recsys.channel.recipients import Addressed, Column
from recsys.channel.response import Belief, Rates
from recsys.channel.terms import Terms
from recsys.channel.worth import Worth, toll
from recsys.data.person import Person
from recsys.ladder import RungName, Step
from recsys.words import say


@dataclass(frozen=True, slots=True)
class GlobalResponse:
    """Posteriors of each channel, in the order of the terms; arrays of shape (n_channels,).

    Attributes
    ----------
    response, unsubscribe : Rates
        How often a message brings a response, makes its receiver leave.
    messages : int
        Messages behind them; 0: nothing but the priors.
    by_channel : tuple of int
        The same by channel, of any age; empty where there is nothing but priors.
    """

    response: Rates
    unsubscribe: Rates
    messages: int
    by_channel: tuple[int, ...] = ()


def fit(messages: Messages, *, half_life_days: float, at: int) -> GlobalResponse:
    """Return the posteriors as of `at` from messages before it, in the order of their channels.

    Priors are Beta with mean .05 worth 20 messages for responses, .002 worth 500 for unsubscribes.
    """
    everyone = np.zeros(len(messages), np.int64)
    weight = response.decay(messages, half_life_days=half_life_days, at=at)
    sent, responded, left = (
        response.counts(everyone, messages, amount, n_rows=1)[0]
        for amount in (weight, weight * messages.responded, weight * messages.unsubscribed)
    )
    return GlobalResponse(
        response=Rates.of(
            responded, sent, prior=response.PRIOR_RESPONSE, kappa=response.PRIOR_RESPONSE_WEIGHT
        ),
        unsubscribe=Rates.of(
            left, sent, prior=response.PRIOR_UNSUBSCRIBE, kappa=response.PRIOR_UNSUBSCRIBE_WEIGHT
        ),
        messages=len(messages),
        by_channel=tuple(np.bincount(messages.channel, minlength=len(messages.channels)).tolist()),
    )


@dataclass(frozen=True, slots=True)
class PopularChannel:
    """Answers everybody alike, but for what each may be sent."""

    terms: Terms
    toll: Sequence[Worth]
    simulated: bool
    n_messages: int
    everybody: Sequence[Belief]

    name = RungName.POPULAR
    below: Posterior | None = None

    @classmethod
    def of(cls, terms: Terms, fitted: GlobalResponse, *, simulated: bool) -> PopularChannel:
        """Build the rung of fitted posteriors."""
        taken = toll(terms, fitted.unsubscribe.beliefs())
        return cls(terms, taken, simulated, fitted.messages, fitted.response.beliefs())

    def declines(self, person: Person) -> Step | None:  # noqa: ARG002 - the rung protocol
        """Return None: rung 0 serves anybody."""
        return None

    def because(self, person: Person) -> str:  # noqa: ARG002 - the rung protocol
        """Say how many messages the answer stands on."""
        if self.terms.uplift_in:
            return say("channel.uplift", outcome=self.terms.uplift_in, n=int(self.n_messages))
        if not self.n_messages:
            return say("channel.no_messages")
        return say("channel.everybody", n=int(self.n_messages))

    def applies(self, people: Addressed) -> Column:  # noqa: ARG002 - the rung protocol
        """Return True: rung 0 serves anybody."""
        return True

    def believed(self, now: Situation) -> Sequence[Belief]:  # noqa: ARG002 - the rung protocol
        """Return the response of everybody to each channel."""
        return self.everybody

    def answer(self, person: Person, query: ChannelQuery) -> ChannelChoice:
        """Decide by the response of everybody."""
        return choose(self, person, query)

    def answer_all(self, people: Sequence[Person], query: ChannelQuery) -> list[ChannelChoice]:
        """Decide for many in the same way."""
        return choose_all(self, people, query)
