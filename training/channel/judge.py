"""What the channel ladder would have chosen in decisions it has not seen, and what that earns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.channel.decide import decide_all
from recsys.channel.messages import Messages
from recsys.channel.models import ChannelModels
from recsys.channel.recipients import Recipients
from recsys.channel.terms import Terms
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions, in_line
from recsys.data.person import NO_SEGMENT, kind_of
from recsys.data.times import DAY
from recsys.evaluation.policy_value import NOTHING, Decisions
from recsys.ladder import Ladder, RungName, Verdict
from recsys.segments.table import SegmentTable

REMEMBERED = 28 * DAY


@dataclass(frozen=True, slots=True)
class HeldOutDecisions:
    """Logged decisions with the people they were about, in order of time.

    Attributes
    ----------
    crowd : Recipients
        The people as they were just before each decision.
    logged : Decisions
        What was done and what it earned.
    responded : bool, shape (n,)
        Whether a response came.
    """

    crowd: Recipients
    logged: Decisions
    responded: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a policy would have done in held-out decisions.

    Attributes
    ----------
    action : int8, shape (n,)
        Number of the channel; ``NOTHING`` for none.
    p : float64, shape (n,)
        Response probability it believed in for what was *logged*.
    """

    action: NDArray[np.int8]
    p: NDArray[np.float64]


def held_out(
    messages: Messages, users: IdMap, segments: SegmentTable, terms: Terms, *, start: int, end: int
) -> HeldOutDecisions:
    """Return the decisions from `start` until `end` with a known pscore.

    The log has no consents of the past, so a channel counts as open to a user when something went
    through it before `start` and no message made the user leave it since. What a policy may choose
    thus depends on the past alone, and was open to the logging policy: weighting by the pscore
    stays unbiased. Users without an open channel are left out.
    """
    opened = _opened(messages, len(users), start=start)
    inside = (messages.at >= start) & (messages.at < end) & ~np.isnan(messages.pscore)
    reachable = opened[messages.user_row] >= messages.at[:, None]
    own = messages.where(inside & reachable.any(axis=1))
    behaviour, trait = (row[own.user_row] for row in (segments.user_segment, segments.user_trait))
    crowd = crowd_of(
        own.user_row,
        own.at,
        messages,
        granted=opened[own.user_row] >= own.at[:, None],
        segment_row=np.where(behaviour != NO_SEGMENT, behaviour, trait),
    )
    return HeldOutDecisions(crowd, decisions(own, terms), own.responded)


def kinds(held: HeldOutDecisions, interactions: Interactions, *, start: int) -> NDArray[np.object_]:
    """Return how much models of `start` know of whom each decision is about, object, shape (n,)."""
    n, rows = len(interactions.users), held.crowd.user_row
    known = interactions.at < start
    past = np.bincount(interactions.user_row[known], minlength=n)[rows]
    first = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(first, interactions.user_row[~known], interactions.at[~known])
    live = first[rows] < held.crowd.at
    return np.array(list(map(kind_of, past.tolist(), live.tolist())), object)


def decisions(messages: Messages, terms: Terms) -> Decisions:
    """Return messages as decisions that earn response value less cost and unsubscribe cost."""
    cost = np.array([channel.cost for channel in terms.channels])
    return Decisions(
        user_row=messages.user_row,
        action=messages.channel,
        pscore=messages.pscore.astype(np.float64),
        reward=messages.responded * terms.response_value
        - cost[messages.channel]
        - messages.unsubscribed * terms.unsubscribe_cost,
    )


def receivers(messages: Messages, segments: SegmentTable, *, at: int) -> Recipients:
    """Return everybody who ever got a message, at an instant, through the channels they got any."""
    users = np.unique(messages.user_row)
    granted = np.zeros((len(segments.user_segment), len(messages.channels)), bool)
    granted[messages.user_row, messages.channel] = True
    behaviour, trait = (row[users] for row in (segments.user_segment, segments.user_trait))
    nothing = np.empty(0, np.int64)
    return Recipients(
        at=np.full(len(users), at, np.int64),
        user_row=users,
        segment_row=np.where(behaviour != NO_SEGMENT, behaviour, trait),
        profiling=np.ones(len(users), bool),
        granted=granted[users],
        zone=np.zeros(len(users), np.int32),
        zones=("",),
        sent_to=nothing,
        sent_channel=nothing,
        sent_at=nothing,
    )


def choices(
    models: ChannelModels,
    verdicts: Mapping[RungName, Verdict],
    held: HeldOutDecisions,
    *,
    top: RungName = RungName.HYPER,
) -> Chosen:
    """Return what the ladder up to rung `top` would answer, as it serves."""
    whole = models.ladder(verdicts)
    number_of = {rung.name: n for n, rung in enumerate(whole.rungs)}
    ladder = Ladder(whole.question, whole.rungs[number_of.get(top, 0) :], verdicts)
    decided = decide_all(ladder, held.crowd)
    nothing = decided.arm == len(models.terms.channels)
    rows = np.arange(len(held.crowd))
    return Chosen(
        action=np.where(nothing, NOTHING, decided.arm).astype(np.int8),
        p=decided.p[rows, held.logged.action],
    )


def always(held: HeldOutDecisions, *, number: int) -> NDArray[np.int8]:
    """Return the policy that uses one channel wherever it is open, and else sends nothing."""
    return np.where(held.crowd.granted[:, number], number, NOTHING).astype(np.int8)


def _opened(messages: Messages, n_users: int, *, start: int) -> NDArray[np.int64]:
    """Return until when each channel is open to each user, 0 where it is not, (users, channels)."""
    open_until = np.zeros((n_users, len(messages.channels)), np.int64)
    before = messages.at < start
    forever = np.iinfo(np.int64).max
    open_until[messages.user_row[before], messages.channel[before]] = forever
    for row in np.flatnonzero(messages.unsubscribed)[::-1].tolist():
        cell = messages.user_row[row], messages.channel[row]
        open_until[cell] = min(open_until[cell], messages.at[row])
    return open_until


def crowd_of(
    user_row: NDArray[np.int32],
    at: NDArray[np.int64],
    messages: Messages,
    *,
    granted: NDArray[np.bool_],
    segment_row: NDArray[np.int32],
) -> Recipients:
    """Return users as they were just before each instant, by what they had got until then."""
    to, earlier = _before(user_row, at, messages)
    return Recipients(
        at=at,
        user_row=user_row,
        segment_row=segment_row,
        profiling=np.ones(len(at), bool),
        granted=granted,
        zone=np.zeros(len(at), np.int32),
        zones=("",),
        sent_to=to,
        sent_channel=messages.channel[earlier].astype(np.int64),
        sent_at=messages.at[earlier],
    )


def _before(
    user_row: NDArray[np.int32], at: NDArray[np.int64], messages: Messages
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs (row, row in `messages`) of what the user of each row got in the weeks before.

    What was sent at the very same instant does not count as before.
    """
    order = np.lexsort((messages.at, messages.user_row))
    instants = np.unique(messages.at)
    line = in_line(messages.user_row[order], messages.at[order], instants)
    first, last = (
        np.searchsorted(line, in_line(user_row, when, instants)) for when in (at - REMEMBERED, at)
    )
    count = last - first
    to = np.repeat(np.arange(len(at)), count)
    nth = np.arange(len(to)) - np.repeat(np.cumsum(count) - count, count)
    return to, order[np.repeat(first, count) + nth]
