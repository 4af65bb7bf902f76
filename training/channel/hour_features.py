"""By how much more than everybody each receiver was active at the hour of each message."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recsys.channel.activity_hours import (
    LIKENESS,
    MOST_EVENTS,
    PRIOR_EVENTS,
    Reals,
    Rhythm,
    age_weight,
)
from recsys.channel.messages import Messages
from recsys.data.interactions import Interactions, in_line

NEAR = np.array([0.5, 0.25, *[0.0] * 21, 0.25])
"""What an event counts by how many hours of the clock it is away."""

PAIRS = 2_000_000
"""Pairs of message and event that are in memory at once."""


def leads(
    messages: Messages,
    slot: NDArray[np.int64],
    interactions: Interactions,
    event_slot: NDArray[np.int64],
    rhythm: Rhythm,
) -> Reals:
    """Return log p_u(h) / q(h) of each message, float64, shape (n_messages,).

    Parameters
    ----------
    messages : Messages
        What was sent.
    slot : int64, shape (n_messages,)
        Weekday and hour of each, see :func:`recsys.channel.activity_hours.slots`.
    interactions : Interactions
        Of the receivers; only what happened *before* a message counts, because what a message
        brought must not tell that its hour was a good one.
    event_slot : int64, shape (n_interactions,)
        Weekday and hour of each.
    rhythm : Rhythm
        q. What :func:`recsys.channel.activity_hours.posterior` makes of it and of the receiver's
        events is p_u.
    """
    first, last = _before(messages, interactions)
    usual = rhythm.everybody.ravel()[slot]
    lead = np.zeros(len(messages))
    for rows in _chunks(last - first):
        count = (last - first)[rows]
        to = np.repeat(np.arange(len(count)), count)
        event = np.repeat(first[rows], count) + np.arange(len(to))
        event -= np.repeat(np.cumsum(count) - count, count)
        day, hour = np.divmod(slot[rows], 24)
        own_day, own_hour = np.divmod(event_slot[event], 24)
        weight = age_weight(interactions.at[event], messages.at[rows][to])
        weight *= LIKENESS[day[to], own_day]
        near = np.bincount(to, weight * NEAR[(own_hour - hour[to]) % 24], minlength=len(count))
        whole = np.bincount(to, weight, minlength=len(count)) + PRIOR_EVENTS
        lead[rows] = np.log((near / usual[rows] + PRIOR_EVENTS) / whole)
    return lead


def _before(
    messages: Messages, interactions: Interactions
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return from where to where the last events of each receiver before a message lie."""
    instants = np.unique(messages.at)
    line = in_line(interactions.user_row, interactions.at, instants, side="right")
    last = np.searchsorted(line, in_line(messages.user_row, messages.at, instants), side="right")
    return np.maximum(interactions.indptr[messages.user_row], last - MOST_EVENTS), last


def _chunks(count: NDArray[np.int64]) -> Iterator[slice]:
    """Yield runs of messages with about ``PAIRS`` pairs each."""
    done = np.cumsum(count)
    start = 0
    while start < len(count):
        behind = int(done[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(done, behind + PAIRS, side="right")))
        yield slice(start, stop)
        start = stop
