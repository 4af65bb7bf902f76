"""At which hours each channel is responded to: what is learnt of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms import offset_logit
from recsys.algorithms.offset_logit import Prior
from recsys.channel.activity_hours import Reals, Rhythm, slots
from recsys.channel.hyper import MAX_RECENT, recent_messages
from recsys.channel.messages import Messages
from recsys.channel.response_hours import ChannelHours, SentBefore
from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.data.times import DAY, zone
from training.channel.hour_features import leads

CARRIES = Prior(mean=1.0, sd=0.5)
"""How much of a rhythm in all channels carries over to one: all of it, before anything is known."""


@dataclass(frozen=True, slots=True)
class Served:
    """The channels whose hours are told by its responses, and by a person's own responses."""

    by_channel: tuple[str, ...] = ()
    by_person: tuple[str, ...] = ()


def fit(
    messages: Messages,
    usual: Reals,
    interactions: Interactions,
    rhythm: Rhythm,
    config: Config,
    served: Served,
) -> ChannelHours:
    """Return at which hours each channel is responded to.

    Parameters
    ----------
    messages : Messages
        With closed windows, of all configured channels in the order of their names.
    usual : float64, shape (n_messages,)
        Response probability of the receiver and channel by rung 2.
    interactions : Interactions
        Of the same users, up to the instant of the fit.
    rhythm : Rhythm
        Everybody's in all channels.
    config : Config
        Windows, whether opens count, and the zone of the users.
    served : Served
        For the answer to say which hours it uses.

    Notes
    -----
    One regression a channel of whether a message brought a response,

        logit p = logit(usual) + λ·log q(h) + β·log(p_u(h)/q(h)) + b(h) + fatigue,

    λ and β N(1, .5²) and both their columns centred on the channel's messages, b as in
    :func:`recsys.algorithms.offset_logit.mode`. It is a regression on messages, not a count of
    responses, so that it makes no difference how many were sent at which hour; `usual` keeps apart
    who responds and when, also where some users are written to at other hours than others. What it
    cannot tell is what an hour at which nothing was sent would have brought: there it follows its
    neighbours and everybody's rhythm, as much as that told of the other hours.
    """
    there = zone(config.data.timezone)
    slot = slots(messages.at, there)
    lead = leads(messages, slot, interactions, slots(interactions.at, there), rhythm)
    recent = np.minimum(recent_messages(messages), MAX_RECENT)
    columns = np.column_stack([recent, np.log(rhythm.everybody.ravel()[slot]), lead])
    everybody = np.empty((len(messages.channels), 7, 24))
    carries = np.empty(len(messages.channels))
    for number in range(len(messages.channels)):
        own = messages.channel == number
        hour, (_, level, carries[number]) = offset_logit.mode(
            slot[own] % 24,
            _centred(columns[own], usual[own]),
            np.log(usual[own] / (1 - usual[own])),
            messages.responded[own],
            (Prior(), CARRIES, CARRIES),
        )
        shares = rhythm.everybody**level * np.exp(hour)
        everybody[number] = shares / shares.sum(axis=1, keepdims=True)
    arms = [config.channels.arms[name] for name in messages.channels]
    days = np.array([arm.attribution_days for arm in arms])
    return ChannelHours(
        everybody=everybody,
        carries=np.maximum(0.0, carries),
        by_channel=_among(messages.channels, served.by_channel),
        by_person=_among(messages.channels, served.by_person),
        opens_count=np.array([arm.opens_count for arm in arms], bool),
        window=(days * DAY).astype(np.int64),
        until=int(messages.at.max(initial=-1)) + 1,
        sent=sent_before(messages, len(interactions.users)),
    )


def sent_before(messages: Messages, n_users: int) -> SentBefore:
    """Return what users got through the channels in which they responded at least once."""
    n_channels = len(messages.channels)
    pair = messages.user_row.astype(np.int64) * n_channels + messages.channel
    kept = messages.where(np.isin(pair, pair[messages.responded]))
    order = np.lexsort((kept.at, kept.user_row))
    counts = np.bincount(kept.user_row, minlength=n_users)
    return SentBefore(
        indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)]),
        channel=kept.channel[order],
        at=kept.at[order],
        responded=kept.responded[order],
    )


def _centred(columns: Reals, weight: Reals) -> Reals:
    """Return the columns around their mean, but for the first, which counts from 0."""
    if not len(columns):
        return columns
    middle = weight @ columns / weight.sum()
    middle[0] = 0.0
    centred: Reals = columns - middle
    return centred


def _among(names: tuple[str, ...], chosen: Collection[str]) -> NDArray[np.bool_]:
    return np.array([name in chosen for name in names], bool)
