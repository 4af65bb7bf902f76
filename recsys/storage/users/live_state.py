"""All that the store knows of one user beyond the serving model, in one read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from recsys.data.kinds import MESSAGE_KINDS, MESSAGE_OPENED
from recsys.data.netting import order_number
from recsys.data.person import ERASED, NOTHING_REMEMBERED, LiveEvent, Reaction, Remembered
from recsys.data.times import DAY, SECOND
from recsys.storage.database.interface import Database
from recsys.storage.users.aliases import NOBODY
from recsys.storage.users.consents import MARKETING, PROFILING, latest

LATELY = 7 * DAY
"""How far back messages, and what came of them, are remembered: caps and fatigue look at a week."""

SLACK = 60 * SECOND
"""How far the clocks of two hosts may be apart: what one has just taken the other must know."""

_MESSAGE_NAMES = ", ".join(f"'{kind}'" for kind in MESSAGE_KINDS)
_EVENTS = f"""
SELECT * FROM (
    SELECT 0 AS part, item_id, kind, at, seq, quantity, coalesce(value, 0.0), order_id FROM events
    WHERE user_id = ?1 AND seq > ?2 AND at <= ?3
    AND kind NOT IN ({_MESSAGE_NAMES})
    AND NOT machine
    ORDER BY seq DESC LIMIT ?5
) AS live
"""  # noqa: S608 - names from the code
_MESSAGES = """
SELECT 1, channel, event_id, at, seq, NULL, NULL, ref FROM events
WHERE user_id = ?1 AND at > ?4 AND at <= ?3 AND kind = 'message_sent'
"""
_REACTIONS = """
SELECT 5, channel, ref, at, seq, NULL, NULL, kind FROM events
WHERE user_id = ?1 AND at > ?4 AND at <= ?3
AND kind IN ('message_responded', 'message_opened')
AND NOT machine
"""
_CONSENTS = """
SELECT 2, purpose, channel, at, seq, NULL, NULL, state FROM consents WHERE user_id = ?1
"""
_TRAITS = """
SELECT 3, traits, timezone, NULL, NULL, NULL, NULL, NULL FROM users WHERE user_id = ?1
"""
_ALIAS = """
SELECT 4, user_id, NULL, NULL, NULL, NULL, NULL, NULL FROM aliases WHERE previous_id = ?1
"""
# One statement, because each one costs a lock on the write-ahead log and a trip through Python.
ALL = "UNION ALL".join((_EVENTS, _MESSAGES, _CONSENTS, _TRAITS, _ALIAS, _REACTIONS))
WITHOUT_MARKETING = "UNION ALL".join(
    (_EVENTS, f"{_CONSENTS} AND purpose = '{PROFILING}'", _TRAITS, _ALIAS)
)
_LIVE, _SENT, _CONSENT, _USER, _OTHER, _REACTION = range(6)


def remember(
    database: Database, user_id: str, *, since: int, at: int, limit: int, marketing: bool
) -> Remembered:
    """Return what the store knows of a user; ``NOTHING_REMEMBERED`` when it knows nothing.

    Of an id that was erased: ``ERASED``.

    Consents hold whatever their time: a denial must not wait for a clock.

    Parameters
    ----------
    database : Database
        The store.
    user_id : str
        Who.
    since : int
        Watermark: the ``seq`` up to which the serving model has seen everything.
    at : int
        The instant of the question, microseconds since the epoch; what happens more than ``SLACK``
        later is left out (what is in between happened just now), and messages sent more than
        ``LATELY`` before.
    limit : int
        Most live events; the latest arrivals win.
    marketing : bool
        Whether to read messages, what came of them and the consents to channels, which only the
        channel question looks at.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    statement = ALL if marketing else WITHOUT_MARKETING
    moment = (since, at + SLACK, at - LATELY, limit)
    try:
        rows = database.read(statement, (user_id, *moment))
        other = next((row[1] for row in rows if row[0] == _OTHER), None)
        if other == NOBODY:
            return ERASED
        if other is not None:
            rows = database.read(statement, (other, *moment))
    except UnicodeEncodeError:
        return NOTHING_REMEMBERED  # a lone surrogate: no such id can have been stored
    found = _remembered(rows, at) if rows else NOTHING_REMEMBERED
    return found if other is None else replace(found, known_as=other)


def _remembered(rows: list[tuple[Any, ...]], now: int) -> Remembered:
    if len(rows) == 1 and rows[0][0] == _USER:
        return _known_by_traits(*rows[0][1:3])
    live = [
        LiveEvent(row[1], row[2], min(row[3], now), row[5], row[6], order=order_number(row[7]))
        for row in rows
        if row[0] == _LIVE
    ]
    said = latest((*row[1:3], row[7], *row[3:5]) for row in rows if row[0] == _CONSENT)
    users = [row for row in rows if row[0] == _USER]
    return Remembered(
        live=tuple(reversed(live)),
        profiling=said.get((PROFILING, "")),
        channels=frozenset(c for (purpose, c), yes in said.items() if yes and purpose == MARKETING),
        messages=_by_channel(sorted((min(row[3], now), row[1]) for row in rows if row[0] == _SENT)),
        reactions=_reactions(rows, now),
        traits=_traits(*users[0][1:3]) if users else {},
    )


@lru_cache(1_024)
def _known_by_traits(traits: str, timezone: str) -> Remembered:
    # Most users have nothing but a few traits, which they share with many others.
    return Remembered(traits=MappingProxyType(_traits(traits, timezone)))


def _by_channel(sent: Iterable[tuple[int, str]]) -> dict[str, tuple[int, ...]]:
    times: dict[str, list[int]] = {}
    for at, channel in sent:
        times.setdefault(channel, []).append(at)
    return {channel: tuple(ats) for channel, ats in times.items()}


def _reactions(rows: list[tuple[Any, ...]], now: int) -> tuple[Reaction, ...]:
    """Return what came of the messages among the rows, in order of time.

    It belongs to the message that it names by its id, or by the decision behind it; without a
    name to the last one before it through its channel.
    """
    came = [(row[3], row[1], row[2], row[7]) for row in rows if row[0] == _REACTION]
    if not came:
        return ()
    sent = [(min(row[3], now), row[1], row[2], row[7]) for row in rows if row[0] == _SENT]
    sent.sort(key=itemgetter(0))
    named = {name: (channel, at) for at, channel, *names in sent for name in names if name}
    found = []
    for when, channel, ref, kind in sorted(came, key=itemgetter(0)):
        at = min(when, now)
        last = [(through, then) for then, through, *_ in sent if through == channel and then <= at]
        message = named.get(ref) if ref else last[-1] if last else None
        if message is not None and message[1] <= at:
            found.append(Reaction(*message, at, opened=kind == MESSAGE_OPENED))
    return tuple(found)


def _traits(traits: str, timezone: str) -> dict[str, str]:
    known: dict[str, str] = json.loads(traits)
    return {**known, "timezone": timezone} if timezone else known
