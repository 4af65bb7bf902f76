"""Rung 3: the user's own response at this moment: local hour and recent messages.

The odds of rung 2 are multiplied by what the hour at which the message would go out, and the
messages of the week before, were learnt to do to them. The moment is always at hand, so this rung
applies wherever rung 2 does and such effects were learnt.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms import offset_logit
from recsys.algorithms.offset_logit import Prior
from recsys.channel.choice import ChannelChoice, choose, choose_all
from recsys.channel.decide import Posterior, Situation
from recsys.channel.eligibility import WEEK, ChannelQuery
from recsys.channel.messages import Messages
from recsys.channel.one_to_one import OneToOneChannel
from recsys.channel.recipients import Addressed, Column, value_at, where
from recsys.channel.response import Belief
from recsys.channel.terms import Terms
from recsys.channel.worth import Worth
from recsys.data.interactions import in_line
from recsys.data.person import Person
from recsys.ladder import RungName, Step
from recsys.words import once

MAX_RECENT = 7


@dataclass(frozen=True, slots=True)
class MomentEffects:
    """What the moment adds to the log odds of a response.

    Attributes
    ----------
    hour : float64, shape (n_channels, 24)
        By the hour on the receiver's clock, without recent messages.
    fatigue : float64, shape (n_channels,)
        For each message of the week before, through any channel, up to ``MAX_RECENT``.
    """

    hour: NDArray[np.float64]
    fatigue: NDArray[np.float64]


def recent_messages(messages: Messages) -> NDArray[np.int64]:
    """Return how many messages each receiver got in the 7 days before each, shape (n,).

    Messages at the very same instant do not count as before one another.
    """
    user, at, instants = messages.user_row, messages.at, np.unique(messages.at)
    line = np.sort(in_line(user, at, instants))
    before = np.searchsorted(line, in_line(user, at, instants))
    a_week_before = np.searchsorted(line, in_line(user, at - WEEK, instants, side="right"))
    recent: NDArray[np.int64] = before - a_week_before
    return recent


def fit(messages: Messages, recent: NDArray[np.int64], usual: NDArray[np.float64]) -> MomentEffects:
    """Learn what the hour and recent messages do to the odds that are usual for a user.

    Parameters
    ----------
    messages : Messages
        All with closed windows.
    recent : int64, shape (n_messages,)
        Messages that the receiver got in the week before.
    usual : float64, shape (n_messages,)
        Response probability of the receiver and channel by rung 2.

    Notes
    -----
    One regression a channel with logit(`usual`) as offset, see
    :func:`recsys.algorithms.offset_logit.mode`.
    """
    offset = np.log(usual / (1 - usual))
    hours = np.zeros((len(messages.channels), 24))
    fatigue = np.zeros(len(messages.channels))
    for channel in range(len(messages.channels)):
        own = messages.channel == channel
        hours[channel], (fatigue[channel],) = offset_logit.mode(
            messages.local_hour[own].astype(np.int64),
            np.minimum(recent[own], MAX_RECENT)[:, None],
            offset[own],
            messages.responded[own],
            (Prior(),),
        )
    return MomentEffects(hours, fatigue)


@dataclass(frozen=True, slots=True)
class HyperChannel:
    """Answers by the user's own responses and by the moment."""

    personal: OneToOneChannel
    below: Posterior
    moment: MomentEffects

    name = RungName.HYPER

    @property
    def terms(self) -> Terms:
        """On what terms channels may be used."""
        return self.personal.terms

    @property
    def toll(self) -> Sequence[Worth]:
        """What a message costs, those who leave included."""
        return self.personal.toll

    @property
    def simulated(self) -> bool:
        """Whether the messages behind it were simulated."""
        return self.personal.simulated

    def declines(self, person: Person) -> Step | None:
        """Refuse whom rung 2 refuses: this is rung 2 at this moment."""
        refused = self.personal.declines(person)
        return None if refused is None else Step(self.name, refused.reason, refused.detail)

    def because(self, person: Person) -> str:
        """Say what of the moment was looked at."""
        return once("channel.own_now", n=self.personal.messages(person))

    def applies(self, people: Addressed) -> Column:
        """Return for whom rung 2 answers."""
        return self.personal.applies(people)

    def believed(self, now: Situation) -> Sequence[Belief]:
        """Return each one's own response to each channel at the moment it would go out."""
        return [
            _moved(own, value_at(hours, offer.hour) + tired * _at_most(offer.recent))
            for own, hours, offer, tired in zip(
                now.believed(self.personal),
                self.moment.hour,
                now.offers,
                self.moment.fatigue.tolist(),
                strict=True,
            )
        ]

    def answer(self, person: Person, query: ChannelQuery) -> ChannelChoice:
        """Decide by the user's own response at this moment."""
        return choose(self, person, query)

    def answer_all(self, people: Sequence[Person], query: ChannelQuery) -> list[ChannelChoice]:
        """Decide for many in the same way."""
        return choose_all(self, people, query)


def _at_most(recent: Column) -> Column:
    return where(recent < MAX_RECENT, recent, MAX_RECENT)


def _moved(own: Belief, by: Column) -> Belief:
    """Return a belief whose log odds are moved; its deviation follows by the delta method."""
    p = 1 / (1 + math.e ** (-by) * (1 - own.p) / own.p)
    return Belief(p, own.sd * p * (1 - p) / (own.p * (1 - own.p)))
