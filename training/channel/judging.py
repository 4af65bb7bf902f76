"""What the channel ladder would have chosen in decisions it has not seen, and what that earns."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.channel.decide import ChannelChoice
from recsys.channel.messages import Messages
from recsys.channel.models import ChannelModels, ChannelQuery
from recsys.channel.terms import Terms
from recsys.evaluation.policy_value import NOTHING, Decisions
from recsys.events import DAY, IdMap
from recsys.ladder import Ladder, RungName, Verdict
from recsys.people import Person
from recsys.segments.table import SegmentTable

REMEMBERED = 28 * DAY


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Logged decisions with the people they were about, in order of time.

    Attributes
    ----------
    people : tuple of Person, length n
        As they were just before each decision.
    logged : Decisions
        What was done and what it earned.
    responded : bool, shape (n,)
        Whether a response came.
    """

    people: tuple[Person, ...]
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
) -> HeldOut:
    """Return the decisions from `start` until `end` with a known pscore.

    The log has no consents of the past, so a channel counts as open to a user when something went
    through it before `start` and no message made the user leave it since. What a policy may choose
    thus depends on the past alone, and was open to the logging policy: weighting by the pscore
    stays unbiased. Users without an open channel are left out.
    """
    opened = _opened(messages, len(users), start=start)
    sends = _sends(messages)
    rows = np.flatnonzero((messages.at >= start) & (messages.at < end) & ~np.isnan(messages.pscore))
    kept, people = [], []
    for row in rows.tolist():
        person = _person(messages, row, opened, sends, segments=segments, users=users)
        if person.channels:
            kept.append(row)
            people.append(person)
    own = messages.where(np.isin(np.arange(len(messages)), kept))
    return HeldOut(tuple(people), decisions(own, terms), own.responded)


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


def choices(
    models: ChannelModels,
    verdicts: Mapping[RungName, Verdict],
    held: HeldOut,
    *,
    top: RungName = RungName.HYPER,
) -> Chosen:
    """Return what the ladder up to rung `top` would answer: the very code that serves."""
    whole = models.ladder(verdicts)
    place = {rung.name: n for n, rung in enumerate(whole.rungs)}
    ladder = Ladder(whole.question, whole.rungs[place.get(top, 0) :], verdicts)
    names = models.terms.names
    number = {name: n for n, name in enumerate(names)}
    action = np.full(len(held.people), NOTHING, np.int8)
    p = np.empty(len(held.people))
    for row, person in enumerate(held.people):
        _, answer = next(ladder.answers(person, ChannelQuery(), [], on_failure=_fail))
        action[row] = number.get(answer.best, NOTHING)
        p[row] = _believed(answer, names[held.logged.action[row]])
    return Chosen(action, p)


def always(channel: str, held: HeldOut, *, number: int) -> NDArray[np.int8]:
    """Return the policy that uses one channel wherever it is open, and else sends nothing."""
    is_open = [channel in person.channels for person in held.people]
    return np.where(is_open, number, NOTHING).astype(np.int8)


def _believed(answer: ChannelChoice, channel: str) -> float:
    return next(arm.p for arm in answer.ranked if arm.channel == channel)


def _fail(_rung: RungName, error: Exception) -> None:
    raise error


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


def _sends(messages: Messages) -> dict[tuple[int, int], list[int]]:
    """Return the instants, ascending, at which each user got something through each channel."""
    sends: dict[tuple[int, int], list[int]] = {}
    columns = (messages.user_row, messages.channel, messages.at)
    for user, channel, at in zip(*(column.tolist() for column in columns), strict=True):
        sends.setdefault((user, channel), []).append(at)
    return sends


def _person(
    messages: Messages,
    row: int,
    opened: NDArray[np.int64],
    sends: Mapping[tuple[int, int], list[int]],
    *,
    segments: SegmentTable,
    users: IdMap,
) -> Person:
    user, at = int(messages.user_row[row]), int(messages.at[row])
    lately = {}
    for number, name in enumerate(messages.channels):
        if own := sends.get((user, number)):
            lately[name] = tuple(own[bisect_left(own, at - REMEMBERED) : bisect_left(own, at)])
    until = opened[user].tolist()
    return Person(
        user_id=users[user],
        at=at,
        user_row=user,
        segment_row=segments.of_user(user, int(segments.user_trait[user])),
        channels=frozenset(n for n, end in zip(messages.channels, until, strict=True) if at <= end),
        messages=lately,
    )
