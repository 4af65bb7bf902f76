"""At which hours people respond to one channel, as far as its responses tell.

Four levels, each of which is the prior of the next: everybody in all channels, everybody in this
one, a person in all channels, that person's responses in this one::

    p(h) ∝ q(h)^λ · e^b(h)  ·  (p_u(h) / q(h))^β  ·  own responses held against what was sent

with q and p_u as in :mod:`recsys.channel.activity_hours`. Without messages λ = β = 1 and b = 0,
which is the person's rhythm in all channels. It is a product, not one more prior with counts,
because activity is plenty and responses are few: as counts, a hundred orders at night would drown
all that is known of the channel; as factors, what the channel does to everybody holds for the
active too, and β tells how much of their own rhythm carries over. What goes in are *rates* of
response by the hour of sending, never counts of responses: those come when something was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.channel.activity_hours import (
    MOST_EVENTS,
    PRIOR_EVENTS,
    Reals,
    Rhythm,
    age_weight,
    posterior_of_sent,
    posteriors,
    slots,
)
from recsys.data.person import Person
from recsys.data.times import QUARTER
from recsys.words import once


@dataclass(frozen=True, slots=True)
class SentBefore:
    """What users got through the channels in which they responded at least once.

    Without a response, when something was sent says nothing of hours. User ``u`` owns
    ``indptr[u]:indptr[u + 1]``, in order of time.

    Attributes
    ----------
    indptr : int64, shape (n_users + 1,)
        Where each user's messages start.
    channel : int8, shape (n,)
        Number of the channel in the terms.
    at : int64, shape (n,)
        When it was sent, microseconds since the epoch.
    responded : bool, shape (n,)
        Whether a response came.
    """

    indptr: NDArray[np.int64]
    channel: NDArray[np.int8]
    at: NDArray[np.int64]
    responded: NDArray[np.bool_]

    def through(self, user_row: int, number: int) -> Sent:
        """Return the last ``MOST_EVENTS`` that one user got through channel `number`."""
        own = slice(self.indptr[user_row], self.indptr[user_row + 1])
        here = np.flatnonzero(self.channel[own] == number)[-MOST_EVENTS:]
        return Sent(self.at[own][here], self.responded[own][here])


class Sent(NamedTuple):
    """Instants, int64, shape (n,), at which something was sent, and which brought a response."""

    at: NDArray[np.int64]
    responded: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ChannelHours:
    """What was learnt of each channel, in the order of the terms.

    Attributes
    ----------
    everybody : float64, shape (n_channels, 7, 24)
        P(hour | weekday) of everybody's responses, had all hours been used alike.
    carries : float64, shape (n_channels,)
        How much of a person's own rhythm carries over: the β above, not below 0.
    by_channel, by_person : bool, shape (n_channels,)
        Whether held-out responses were told better by that channel's hours than by those of all;
        by those with the person's own responses than by those without.
    opens_count : bool, shape (n_channels,)
        Whether an open is a response.
    window : int64, shape (n_channels,)
        How long after a message a response to it counts, microseconds.
    until : int
        Messages sent before are in `sent`, later ones in what is remembered of a person.
    sent : SentBefore
        What the training has seen.
    """

    everybody: Reals
    carries: Reals
    by_channel: NDArray[np.bool_]
    by_person: NDArray[np.bool_]
    opens_count: NDArray[np.bool_]
    window: NDArray[np.int64]
    until: int
    sent: SentBefore

    def moved(self, own: Reals, rhythm: Rhythm, number: int) -> Reals:
        """Return what people's hours in all channels make of channel `number`, the same shape."""
        moved = self.everybody[number] * (own / rhythm.everybody) ** self.carries[number]
        shares: Reals = moved / moved.sum(axis=-1, keepdims=True)
        return shares

    def sent_to(self, person: Person, arm: str, number: int) -> Sent:
        """Return what a person got through an arm, before training and lately, with responses.

        A message of lately counts as soon as it was sent, its response as soon as it came.
        """
        row = person.user_row
        before = Sent(np.empty(0, np.int64), np.empty(0, bool))
        if row is not None and row < len(self.sent.indptr) - 1:
            before = self.sent.through(row, number)
        lately = [at for at in person.messages.get(arm, ()) if at >= self.until]
        met = {
            reaction.sent_at
            for reaction in person.reactions
            if reaction.channel == arm
            and reaction.at - reaction.sent_at <= self.window[number]
            and (self.opens_count[number] or not reaction.opened)
        }
        return Sent(
            np.concatenate([before.at, np.array(lately, np.int64)]),
            np.concatenate([before.responded, np.array([at in met for at in lately], bool)]),
        )


class Hours(NamedTuple):
    """At which hours one person responds to one channel.

    Attributes
    ----------
    own : float64, shape (7, 24)
        P(hour | weekday) of the person.
    confidence : float
        Share of what is the person's own in it, 0 to 1.
    because : str
        What it stands on.
    everybody : float64, shape (7, 24)
        P(hour | weekday) of everybody.
    """

    own: Reals
    confidence: float
    because: str
    everybody: Reals


def hours_of_all(
    people: Sequence[Person],
    arm: str,
    rhythm: Rhythm,
    learnt: ChannelHours | None,
    there: ZoneInfo,
    *,
    number: int,
) -> list[Hours]:
    """Return at which hours people respond to the arm of that `number`, on a clock `there`.

    What was done has aged as of the present quarter of an hour: within it, the hours stay.
    """
    acts = [person.events.at[-MOST_EVENTS:] for person in people]
    now = np.array([person.at - person.at % QUARTER for person in people], np.int64)
    owner = np.repeat(np.arange(len(people)), list(map(len, acts)))
    at = np.concatenate(acts)
    weight = age_weight(at, now[owner])
    own = posteriors(slots(at, there), weight, owner, rhythm, n=len(people))
    amount = np.bincount(owner, weight, minlength=len(people))
    shares, because = (amount / (amount + PRIOR_EVENTS)).tolist(), list(map(_in_all, acts))
    everybody = rhythm.everybody
    if learnt is not None and learnt.by_channel[number]:
        carried = min(1.0, float(learnt.carries[number]))
        own, everybody = learnt.moved(own, rhythm, number), learnt.everybody[number]
        shares = [carried * share for share in shares]
        because = [_in_channel(arm, some) for some in acts]
    found = [Hours(*each, everybody) for each in zip(own, shares, because, strict=True)]
    if learnt is None or not learnt.by_person[number]:
        return found
    return [
        _with_responses(hours, learnt.sent_to(who, arm, number), arm, at, there)
        for hours, who, at in zip(found, people, now.tolist(), strict=True)
    ]


def _with_responses(hours: Hours, sent: Sent, arm: str, now: int, there: ZoneInfo) -> Hours:
    n = int(sent.responded.sum())
    if not n:
        return hours
    weight = age_weight(sent.at, now)
    unsaid = (1 - hours.confidence) * (1 - _share(weight[sent.responded]))
    return Hours(
        posterior_of_sent(slots(sent.at, there), weight, sent.responded, hours.own),
        1 - unsaid,
        once("hour.responses", n=n, channel=arm),
        hours.everybody,
    )


def _share(weight: Reals) -> float:
    amount = float(weight.sum())
    return amount / (amount + PRIOR_EVENTS)


def _in_all(acts: NDArray[np.int64]) -> str:
    return once("hour.own" if len(acts) else "hour.everybody")


def _in_channel(arm: str, acts: NDArray[np.int64]) -> str:
    return once("hour.channel_own" if len(acts) else "hour.channel", channel=arm)
