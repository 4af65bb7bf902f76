"""Whether a channel's own hours, and a person's own responses, tell held-out responses better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.channel.activity_hours import (
    MOST_EVENTS,
    Reals,
    Rhythm,
    age_weight,
    posterior,
    posterior_of_sent,
    slots,
)
from recsys.channel.messages import Messages
from recsys.channel.response_hours import ChannelHours
from recsys.data.interactions import Interactions
from recsys.evaluation.estimate import Estimate, bootstrap_mean
from recsys.evaluation.policy_value import Sampling, by_user
from training.channel.hours import Served

METRIC = "log loss of the hour of a response"
FEWEST_USERS = 30
MOST_USERS = 20_000
ALL, CHANNEL, OWN, CHANNEL_AND_OWN = range(4)
NAMES = ("all channels", "channel", "own responses", "channel and own responses")


@dataclass(frozen=True, slots=True)
class HoursVerdict:
    """Which hours serve, and the figures behind it, ready for JSON, by channel."""

    served: Served
    metrics: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnownHours:
    """What was known when the judged messages were sent.

    Attributes
    ----------
    learnt : ChannelHours
        Of messages with windows that were closed by then.
    rhythm : Rhythm
        Everybody's in all channels.
    interactions : Interactions
        What had happened.
    at : int
        When, microseconds since the epoch.
    there : ZoneInfo
        The zone of the users.
    """

    learnt: ChannelHours
    rhythm: Rhythm
    interactions: Interactions
    at: int
    there: ZoneInfo


def judge_levels(
    held: Messages, usual: Reals, before: KnownHours, sampling: Sampling
) -> HoursVerdict:
    """Compare what each level says of the hours at which later messages were responded to.

    Parameters
    ----------
    held : Messages
        Sent since, through all channels.
    usual : float64, shape (n_messages,)
        What was believed of each receiver's response to the channel.
    before : Known
        What was known before.
    sampling : Sampling
        How intervals are drawn.

    Notes
    -----
    A response at hour h has loss log 24 - log(p(h) / p̄), where p is what was believed of its
    receiver and p̄ the mean of p over the hours of all messages of the channel, each counting as
    much as its receiver usually responds (Cox's 1972 partial likelihood of *which* message was
    responded to). Were all hours used alike this is - log p(h); as they are not, it gains nothing
    to know when messages are sent. Clear means that the whole interval over users lies above 0.
    Of more than ``MOST_USERS`` receivers as many are judged, evenly spaced.
    """
    some = np.unique(held.user_row)
    picked = np.isin(held.user_row, some[:: -(-len(some) // MOST_USERS) or 1])
    held, usual = held.where(picked), usual[picked]
    shares = _shares(held, before)
    verdicts = {
        name: _of_channel(held, usual, shares, number, sampling)
        for number, name in enumerate(held.channels)
    }
    by_channel = tuple(name for name, told in verdicts.items() if told["served"] in NAMES[1::2])
    by_person = tuple(name for name, told in verdicts.items() if told["served"] in NAMES[2:])
    return HoursVerdict(Served(by_channel, by_person), verdicts)


def _of_channel(
    held: Messages, usual: Reals, shares: Reals, number: int, sampling: Sampling
) -> dict[str, Any]:
    own = held.channel == number
    hits = held.responded[own]
    users = held.user_row[own][hits]
    facts: dict[str, Any] = {"metric": METRIC, "messages": int(own.sum()), "responses": len(users)}
    if (n := len(np.unique(users))) < FEWEST_USERS:
        why = f"not measured: {n} users responded through it, {FEWEST_USERS} are needed"
        return facts | {"served": NAMES[ALL], "why": why}
    told = shares[:, own]
    usually = told @ usual[own] / usual[own].sum()
    losses = math.log(24) - np.log(told[:, hits] / usually[:, None])

    def lift(from_: int, to: int) -> Estimate | None:
        return _mean(losses[from_] - losses[to], users, sampling)

    of_channel = lift(ALL, CHANNEL)
    below = CHANNEL if _clear(of_channel) else ALL
    of_person = lift(below, below + OWN)
    served = below + OWN if _clear(of_person) else below
    return facts | {
        "log_loss": dict(zip(NAMES, _by_user_mean(losses, users), strict=True)),
        "channel_over_all": _json(of_channel),
        "own_over_below": _json(of_person),
        "served": NAMES[served],
        "why": _why(of_channel, of_person),
    }


def _shares(held: Messages, before: KnownHours) -> Reals:
    """Return what each level believes of the hour of each message, float64, shape (4, n)."""
    slot, shares = slots(held.at, before.there), np.empty((4, len(held)))
    event_slot = slots(before.interactions.at, before.there)
    by = np.lexsort((held.channel, held.user_row))
    cell = held.user_row[by].astype(np.int64) * len(held.channels) + held.channel[by]
    user, own = -1, before.rhythm.everybody
    for rows in np.split(by, np.flatnonzero(np.diff(cell)) + 1) if len(by) else ():
        if user != held.user_row[rows[0]]:
            user = int(held.user_row[rows[0]])
            own = _in_all(user, before, event_slot)
        told = _told(user, int(held.channel[rows[0]]), own, before)
        shares[:, rows] = [p.ravel()[slot[rows]] for p in told]
    return shares


def _in_all(user: int, before: KnownHours, event_slot: NDArray[np.int64]) -> Reals:
    """Return a user's hours in all channels, shape (7, 24)."""
    first, last = before.interactions.indptr[user : user + 2]
    events = slice(max(first, last - MOST_EVENTS), last)
    weight = age_weight(before.interactions.at[events], before.at)
    return posterior(event_slot[events], weight, before.rhythm)


def _told(user: int, number: int, own: Reals, before: KnownHours) -> list[Reals]:
    """Return a user's hours in one channel at each level, each of shape (7, 24)."""
    told = [own, before.learnt.moved(own, before.rhythm, number)]
    sent = before.learnt.sent.through(user, number)
    if not len(sent.at):
        return told + told
    slot, weight = slots(sent.at, before.there), age_weight(sent.at, before.at)
    return told + [posterior_of_sent(slot, weight, sent.responded, p) for p in told]


def _mean(figure: Reals, users: NDArray[np.int32], sampling: Sampling) -> Estimate | None:
    _, per_user = by_user(figure, users)
    return bootstrap_mean(
        per_user,
        seed=sampling.seed,
        resamples=sampling.resamples,
        confidence=sampling.confidence,
    )


def _by_user_mean(losses: Reals, users: NDArray[np.int32]) -> list[float]:
    """Return the mean of each row's losses, averaged within and then over users."""
    return [float(by_user(row, users)[1].mean()) for row in losses]


def _clear(lift: Estimate | None) -> bool:
    return lift is not None and lift.clearly_above


def _json(lift: Estimate | None) -> dict[str, Any] | None:
    return None if lift is None else asdict(lift)


def _why(of_channel: Estimate | None, of_person: Estimate | None) -> str:
    reasons = [
        f"{what} {'clearly' if _clear(lift) else 'not clearly'} better: {lift}"
        for what, lift in (("the channel's hours", of_channel), ("own responses", of_person))
        if lift is not None
    ]
    return "; ".join(reasons)
