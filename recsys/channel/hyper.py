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
from recsys.channel import decide
from recsys.channel.batch_people import Crowd, Offers
from recsys.channel.decide import ChannelChoice, Posterior
from recsys.channel.eligibility import WEEK, ChannelQuery, Offer
from recsys.channel.messages import Messages
from recsys.channel.one_to_one import OneToOneChannel
from recsys.channel.response import Belief, Beliefs, Chance
from recsys.channel.terms import Terms
from recsys.data.interactions import in_line
from recsys.data.person import Person
from recsys.ladder import RungName, Step

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
    hour: tuple[tuple[float, ...], ...]
    fatigue: tuple[float, ...]

    name = RungName.HYPER

    @classmethod
    def of(
        cls, personal: OneToOneChannel, moment: MomentEffects, *, below: Posterior
    ) -> HyperChannel:
        """Build the rung of fitted effects."""
        hours = tuple(tuple(row) for row in moment.hour.tolist())
        return cls(personal, below, hours, tuple(moment.fatigue.tolist()))

    @property
    def terms(self) -> Terms:
        """On what terms channels may be used."""
        return self.personal.terms

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
        return f"{self.personal.because(person)}, at this hour and after the week's messages"

    def beliefs(self, person: Person, offers: Sequence[Offer]) -> Sequence[Belief]:
        """Return the user's own response to each channel at the moment it would go out."""
        own = self.personal.beliefs(person, offers)
        return [
            Belief(
                _moved(b.response, hour[offer.hour] + fatigue * min(offer.recent, MAX_RECENT)),
                b.unsubscribe,
            )
            for b, offer, hour, fatigue in zip(own, offers, self.hour, self.fatigue, strict=True)
        ]

    def applies(self, crowd: Crowd) -> NDArray[np.bool_]:
        """Return for whom rung 2 answers, shape (n,)."""
        return self.personal.applies(crowd)

    def believed(self, crowd: Crowd, offered: Offers) -> Beliefs:
        """Return each one's own response at the moment the message would go out."""
        own = self.personal.believed(crowd, offered)
        number = np.arange(len(self.fatigue))
        tired = np.array(self.fatigue) * np.minimum(offered.recent, MAX_RECENT)
        by = np.array(self.hour)[number, offered.hour] + tired
        p = 1 / (1 + np.exp(-by) * (1 - own.p) / own.p)
        return own._replace(p=p, sd=own.sd * p * (1 - p) / (own.p * (1 - own.p)))

    def answer(self, person: Person, query: ChannelQuery) -> ChannelChoice:
        """Decide by the user's own response at this moment."""
        return decide.decide(self, person, query)


def _moved(chance: Chance, by: float) -> Chance:
    """Return a chance whose log odds are moved; its deviation follows by the delta method."""
    p = 1 / (1 + math.exp(-by) * (1 - chance.p) / chance.p)
    return Chance(p, chance.sd * p * (1 - p) / (chance.p * (1 - chance.p)))
