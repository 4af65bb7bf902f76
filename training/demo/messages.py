"""Simulated messages to the users of a real shop, with the truth behind them.

The shipped shop logged no messages. This invents them: who consented to what, who was sent what
and when by a policy that picks at random, and who responded or left. **Nothing here was observed**;
every row says so. Response rates lie where those of e-mail, push and SMS are usually reported;
people differ, hours differ, and many messages in a week tire. The same seed gives the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.data.kinds import MESSAGE_KINDS
from recsys.data.times import DAY, HOUR, SECOND, local_hour, local_hours
from recsys.storage.users.consents import DENIED, GRANTED, MARKETING, PROFILING, Consent
from training.demo.world import CHANNELS, USUAL, Reals, Truth, World, people

SOURCE = "simulation"
NEVER = -1

SUFFIXES = ("", "-responded", "-unsubscribed")
TYPICAL_HOURS = np.array([12.0, 2.0, 4.0])


@dataclass(frozen=True, slots=True)
class Simulated:
    """What goes into the stores, and the truth behind it.

    Attributes
    ----------
    events : dict of str to list, in order of time
        ``event_id``, ``user_id``, ``kind``, ``at``, ``channel``, ``ref``, ``pscore`` and
        ``simulated`` (always true), as ``EventLog.append_columns`` takes them.
    consents : tuple of Consent
        In order of time, as ``Consents.record`` takes them.
    truth : Truth
        For tests only: nothing that learns may look at it.
    """

    events: dict[str, list[Any]]
    consents: tuple[Consent, ...]
    truth: Truth


@dataclass(frozen=True, slots=True)
class _Outcomes:
    """One row a message; times in microseconds, ``NEVER`` where it did not happen."""

    user_row: NDArray[np.int64]
    at: NDArray[np.int64]
    channel: NDArray[np.int64]
    pscore: Reals
    responded_at: NDArray[np.int64]
    unsubscribed_at: NDArray[np.int64]


def simulate(
    interactions: Interactions,
    trait: Sequence[str],
    *,
    timezone: str,
    seed: int,
    world: World = USUAL,
) -> Simulated:
    """Invent messages to the users of `interactions`, up to its last event.

    Parameters
    ----------
    interactions : Interactions
        Who there is, since when, and how much they order.
    trait : sequence of str, length n_users
        Country of each user; the most frequent one is home.
    timezone : str
        IANA name of the zone in which users live.
    seed : int
        Same seed, same rows.
    world : World
        What is true of the users.

    Notes
    -----
    Each campaign sends every user who has bought by then nothing, one, two or three messages over
    five days, at a random minute between 8:00 and 21:00 local time, through a channel drawn
    uniformly from those the user has granted and not left: the pscore is one over their number.
    """
    rng = np.random.default_rng(seed)
    truth = people(interactions, trait, world, rng)
    user_row, at = _schedule(interactions, world, timezone, rng)
    sent = _send(user_row, at, truth, timezone, rng)
    return Simulated(
        events=_events(sent, interactions.users, end=interactions.end, seed=seed),
        consents=_consents(sent, truth, interactions, rng),
        truth=truth,
    )


def _schedule(
    interactions: Interactions, world: World, timezone: str, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return who gets a message when, by user and time."""
    n_users = len(interactions.users)
    last_day = interactions.end // DAY
    some = np.flatnonzero(np.diff(interactions.indptr))
    joined = np.full(n_users, np.iinfo(np.int64).max)
    joined[some] = interactions.at[interactions.indptr[some]]
    first = last_day - world.days + (np.arange(world.waves) * world.days) // world.waves
    amount = rng.choice(4, p=(0.05, 0.35, 0.40, 0.20), size=(n_users, world.waves))
    user_row = np.repeat(np.arange(n_users), amount.sum(axis=1))
    start = np.repeat(np.tile(first, n_users), amount.ravel())
    minute = rng.integers(8 * 60, 21 * 60, len(start))
    local = (start + rng.integers(0, 5, len(start))) * DAY + minute * 60 * SECOND
    at = _from_local(local, ZoneInfo(timezone))
    known = (at > joined[user_row]) & (at < interactions.end)
    order = np.lexsort((at[known], user_row[known]))
    return user_row[known][order], at[known][order]


def _from_local(local: NDArray[np.int64], there: ZoneInfo) -> NDArray[np.int64]:
    """Return instants of local clock times between 8:00 and 21:00, never on a change of clocks."""
    days, place = np.unique(local // DAY, return_inverse=True)
    ahead = [local_hour(int(day) * DAY + 12 * HOUR, there) - 12 for day in days]
    return local - np.array(ahead, np.int64)[place] * HOUR


def _send(
    user_row: NDArray[np.int64],
    at: NDArray[np.int64],
    truth: Truth,
    timezone: str,
    rng: np.random.Generator,
) -> _Outcomes:
    """Play all messages, the n-th of every user at once: what came before decides what is open."""
    lot, n = rng.random((3, len(at))), len(at)
    channel, pscore = np.full(n, -1), np.zeros(n)
    responded, left = np.zeros(n, bool), np.zeros(n, bool)
    open_to = truth.consented.copy()
    hour = local_hours(at, ZoneInfo(timezone)).astype(np.float64)
    recent = np.arange(n) - _first_of_week(user_row, at)
    order = np.arange(n) - np.searchsorted(user_row, user_row)
    for turn in range(int(order.max(initial=-1)) + 1):
        now = np.flatnonzero(order == turn)
        now = now[open_to[user_row[now]].any(axis=1)]
        user = user_row[now]
        choices = open_to[user].cumsum(axis=1)
        drawn = np.floor(lot[0, now] * choices[:, -1])
        picked = (choices > drawn[:, None]).argmax(axis=1)
        channel[now], pscore[now] = picked, 1 / choices[:, -1]
        cell = np.arange(len(now)), picked
        responded[now] = lot[1, now] < truth.response(user, hour[now], recent[now])[cell]
        left[now] = lot[2, now] < truth.unsubscribe(recent[now])[cell]
        open_to[user[left[now]], picked[left[now]]] = False
    wait = np.minimum(rng.exponential(1, (2, n)) * TYPICAL_HOURS[channel], 20) * HOUR
    when = at + wait.astype(np.int64) + SECOND
    sent = channel >= 0
    return _Outcomes(
        user_row=user_row[sent],
        at=at[sent],
        channel=channel[sent],
        pscore=pscore[sent],
        responded_at=np.where(responded, when[0], NEVER)[sent],
        unsubscribed_at=np.where(left, when[1], NEVER)[sent],
    )


def _first_of_week(user_row: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of each user's first slot within the 7 days up to each slot."""
    start, end = (int(at.min()), int(at.max())) if len(at) else (0, 0)
    line = user_row * (end - start + 14 * DAY) + (at - start)
    return np.searchsorted(line, line - 7 * DAY, side="right")


def _events(sent: _Outcomes, users: IdMap, *, end: int, seed: int) -> dict[str, list[Any]]:
    number = np.empty(len(sent.at), np.int64)
    number[np.argsort(sent.at, kind="stable")] = np.arange(len(sent.at))
    responded, left = (
        np.flatnonzero((when != NEVER) & (when < end))
        for when in (sent.responded_at, sent.unsubscribed_at)
    )
    row = np.concatenate([np.arange(len(sent.at)), responded, left])
    kind = np.repeat([0, 1, 2], [len(sent.at), len(responded), len(left)])
    at = np.concatenate([sent.at, sent.responded_at[responded], sent.unsubscribed_at[left]])
    order = np.lexsort((kind, number[row], at))
    ids = [f"sim-{seed}-{n:06d}" for n in number[row[order]].tolist()]
    kinds = kind[order].tolist()
    return {
        "event_id": [name + SUFFIXES[k] for name, k in zip(ids, kinds, strict=True)],
        "user_id": [users[user] for user in sent.user_row[row[order]].tolist()],
        "kind": [MESSAGE_KINDS[k] for k in kinds],
        "at": at[order].tolist(),
        "channel": [CHANNELS[c] for c in sent.channel[row[order]].tolist()],
        "ref": [name if k else None for name, k in zip(ids, kinds, strict=True)],
        "pscore": [
            None if k else p for p, k in zip(sent.pscore[row[order]].tolist(), kinds, strict=True)
        ],
        "simulated": [True] * len(order),
    }


def _consents(
    sent: _Outcomes, truth: Truth, interactions: Interactions, rng: np.random.Generator
) -> tuple[Consent, ...]:
    """Return what users granted when they first bought, and what they took back."""
    users, some = interactions.users, np.diff(interactions.indptr) > 0
    denied = rng.random(len(users)) < truth.world.denied_profiling
    rows: list[Consent] = []
    for user in np.flatnonzero(some).tolist():
        at = int(interactions.at[interactions.indptr[user]])
        name = users[user]
        for channel, granted in zip(CHANNELS, truth.consented[user].tolist(), strict=True):
            state = GRANTED if granted else DENIED
            rows.append(Consent(name, MARKETING, channel, state, at, "consent", SOURCE))
        if denied[user]:
            rows.append(Consent(name, PROFILING, "", DENIED, at, "objection", SOURCE))
    left = np.flatnonzero(
        (sent.unsubscribed_at != NEVER) & (sent.unsubscribed_at < interactions.end)
    )
    for message in left.tolist():
        channel, at = CHANNELS[sent.channel[message]], int(sent.unsubscribed_at[message])
        name = users[int(sent.user_row[message])]
        rows.append(Consent(name, MARKETING, channel, DENIED, at, "unsubscribed", SOURCE))
    return tuple(sorted(rows, key=lambda row: row.at))
