"""From rows of the event log to messages and what became of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.channel.messages import Messages
from recsys.config import Config
from recsys.data.ids import IdMap
from recsys.data.kinds import (
    MESSAGE_FAILED,
    MESSAGE_OPENED,
    MESSAGE_RESPONDED,
    MESSAGE_SENT,
    MESSAGE_UNSUBSCRIBED,
)
from recsys.data.times import DAY, local_hours, zone

Columns = Mapping[str, Any]


def messages_from_log(
    columns: Columns, users: IdMap, config: Config, *, end: int | None = None
) -> Messages:
    """Join what was sent with what came of it.

    Parameters
    ----------
    columns : mapping of str to array or list, all of one length, in any order
        ``event_id``, ``user_id``, ``kind``, ``at``, ``channel``, ``ref``, ``pscore``,
        ``simulated`` as the event log has them. Rows of other kinds are left alone. ``ref`` of an
        outcome is the ``event_id`` of a message to the same user; one that names no such message
        belongs to none. One without belongs to the last message through its channel to its user
        before it. Only a ``message_failed`` must say of which.
    users : IdMap
        What the user rows will mean.
    config : Config
        The channels, their attribution windows and the zone of the users.
    end : int or None
        Up to when the log is complete, microseconds; None takes the last row given.

    Returns
    -------
    Messages
        In order of time. Outcomes count within the attribution window of the channel; an open is
        a response only where the channel says so. What failed was not sent: who cannot be reached
        says nothing of how they would respond, so it counts neither for nor against. A message
        is left out while the *longest* window is still open, whatever its channel: what is left
        out must not depend on what was chosen. So are messages through channels that are not
        configured, or to users who are not in `users`. A missing ``pscore`` is NaN.
    """
    columns = _delivered(columns)
    kind = np.asarray(columns["kind"], dtype=object)
    at = np.asarray(columns["at"], dtype=np.int64)
    channels = tuple(sorted(config.channels.arms))
    windows = np.array([config.channels.arms[name].attribution_days for name in channels]) * DAY
    until = (int(at.max()) if len(at) else 0) if end is None else end
    channel = _places(columns["channel"], channels)
    closed = at + int(windows.max(initial=0)) <= until
    sent = np.flatnonzero((kind == MESSAGE_SENT) & (channel >= 0) & closed)
    sent = sent[users.rows(_taken(columns["user_id"], sent)) >= 0]
    sent = sent[np.argsort(at[sent], kind="stable")]
    deadline = at[sent] + windows[channel[sent]].astype(np.int64)
    outcome = {
        name: _happened(columns, sent, np.flatnonzero(kind == name), deadline)
        for name in (MESSAGE_RESPONDED, MESSAGE_UNSUBSCRIBED, MESSAGE_OPENED)
    }
    opens_count = np.array([config.channels.arms[name].opens_count for name in channels], bool)
    opened = outcome[MESSAGE_OPENED] & opens_count[channel[sent]]
    return Messages(
        channels=channels,
        user_row=users.rows(_taken(columns["user_id"], sent)),
        channel=channel[sent],
        at=at[sent],
        local_hour=local_hours(at[sent], zone(config.data.timezone)),
        pscore=_floats(columns["pscore"])[sent],
        responded=outcome[MESSAGE_RESPONDED] | opened,
        unsubscribed=outcome[MESSAGE_UNSUBSCRIBED],
        simulated=bool(np.asarray(columns["simulated"], dtype=bool)[sent].any()),
    )


def _delivered(columns: Columns) -> Columns:
    """Return the rows with no ``message_sent`` among them that failed."""
    rows = zip(columns["kind"], columns["user_id"], columns["ref"], strict=True)
    failed = {(user, ref) for kind, user, ref in rows if kind == MESSAGE_FAILED and ref is not None}
    rows = zip(columns["kind"], columns["user_id"], columns["event_id"], strict=True)
    kept = [
        MESSAGE_FAILED if kind == MESSAGE_SENT and (user, event_id) in failed else kind
        for kind, user, event_id in rows
    ]
    return {**columns, "kind": kept}


def _happened(
    columns: Columns,
    sent: NDArray[np.int64],
    outcomes: NDArray[np.int64],
    deadline: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Return which of the `sent` rows have one of the `outcomes` before the deadline."""
    names = zip(_taken(columns["user_id"], sent), _taken(columns["event_id"], sent), strict=True)
    number_of = {name: n for n, name in enumerate(names)}
    happened = np.zeros(len(sent), bool)
    at = np.asarray(columns["at"], dtype=np.int64)
    touches = _touches(columns)
    for row, when in zip(outcomes.tolist(), at[outcomes].tolist(), strict=True):
        named = columns["ref"][row] or _last(touches, columns, row, when)
        message = number_of.get((columns["user_id"][row], named))
        if message is not None and at[sent[message]] <= when <= deadline[message]:
            happened[message] = True
    return happened


Touches = dict[tuple[str, str], list[tuple[int, str]]]


def _touches(columns: Columns) -> Touches:
    """Return (when, event id) of what each user got through each channel, ascending.

    Messages with windows that are still open are among them: what came of those belongs to none
    before.
    """
    touches: Touches = {}
    names = ("kind", "user_id", "channel", "at", "event_id")
    for kind, user, channel, at, event_id in zip(*(columns[name] for name in names), strict=True):
        if kind == MESSAGE_SENT:
            touches.setdefault((user, channel), []).append((int(at), event_id))
    for own in touches.values():
        own.sort()
    return touches


def _last(touches: Touches, columns: Columns, row: int, when: int) -> str | None:
    """Return the last message through the channel of an outcome up to it; None without any."""
    own = touches.get((columns["user_id"][row], columns["channel"][row]), [])
    number = bisect_right(own, when, key=lambda touch: touch[0])
    return own[number - 1][1] if number else None


def _taken(column: Any, rows: NDArray[np.int64]) -> list[Any]:
    taken: list[Any] = np.asarray(column, dtype=object)[rows].tolist()
    return taken


def _places(column: Any, names: tuple[str, ...]) -> NDArray[np.int8]:
    number_of = {name: n for n, name in enumerate(names)}
    return np.fromiter((number_of.get(name, -1) for name in column), np.int8, len(column))


def _floats(column: Any) -> NDArray[np.float32]:
    return np.array([np.nan if value is None else value for value in column], np.float32)
