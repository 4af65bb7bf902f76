"""All that the store knows of one user beyond the serving model, in one read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter, itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from recsys.data.kinds import MESSAGE_KINDS, MESSAGE_OPENED
from recsys.data.netting import order_number
from recsys.data.person import (
    ERASED,
    NOTHING_REMEMBERED,
    LiveEvent,
    Reaction,
    Remembered,
)
from recsys.data.signals import MAIL, MAIL_DAYS, OutcomeRow, Signal, heard
from recsys.data.times import DAY, FOREVER, SECOND
from recsys.storage.database.interface import Database, Row
from recsys.storage.privacy.vault import SEALED, unsealed
from recsys.storage.users.aliases import NOBODY
from recsys.storage.users.consents import MARKETING, PROFILING, latest, words_of

LATELY = 7 * DAY
"""How far back messages, and what came of them, are remembered: caps and fatigue look at a week."""

SLACK = 60 * SECOND
"""How far the clocks of two hosts may be apart: what one has just taken the other must know."""

_AT_ONCE = 500
_LIVE, _SENT, _OUTCOME, _CONSENT, _PROFILE, _OWNER, _FORMER, _SPLIT, _SAID, _MAIL = range(10)
_STANDING = {_CONSENT, _PROFILE}
_WIDTH = 7
_MESSAGE_NAMES = ", ".join(f"'{kind}'" for kind in MESSAGE_KINDS)
_LATELY = "events WHERE user_id = ?1 AND at > ?3"


def _part(number: int, *columns: str, source: str) -> str:
    """Return one part of the read; of a union all parts are texts, then integers, then numbers."""
    padded = (*columns, *["NULL"] * (_WIDTH - len(columns)))
    return f"SELECT {number}, {', '.join(padded)} FROM {source}"  # noqa: S608 - names from the code


class _Message(NamedTuple):
    """What was sent to the user: a row of its part."""

    channel: str
    event_id: str
    ref: str | None
    at: int


class _Outcome(NamedTuple):
    """What the user did about a message: a row of its part."""

    channel: str | None
    kind: str
    ref: str | None
    at: int


_EVENTS = _part(
    _LIVE, "item_id", "kind", "order_id", "at", "seq", "quantity", "coalesce(value, 0.0)",
    source="events WHERE user_id = ?1 AND seq > ?2 "
    f"AND kind NOT IN ({_MESSAGE_NAMES}) AND NOT machine ORDER BY seq DESC LIMIT ?4",
)  # fmt: skip
_MESSAGES = _part(
    _SENT, "channel", "event_id", "ref", "at", source=f"{_LATELY} AND kind = 'message_sent'"
)
_OUTCOMES = _part(
    _OUTCOME, "channel", "kind", "ref", "at",
    source=f"{_LATELY} AND kind IN ('message_responded', 'message_opened') AND NOT machine",
)  # fmt: skip
_LONGER = MAIL_DAYS * DAY - LATELY
"""How much further back e-mails are looked at than other messages."""
# Apart, because each has an index of its own.
_OF_MAIL = tuple(
    f"{which} AND channel = '{MAIL}' AND NOT machine AND NOT simulated"
    for which in ("kind = 'message_sent'", "kind IN ('message_responded', 'message_opened')")
)
_SAYINGS = _part(
    _SAID, "kind", "source", "ref", "at", "known_at", "CAST(value AS DOUBLE PRECISION)",
    source="statements WHERE user_id = ?1 AND kind <> 'trait'",
)  # fmt: skip
_MAILS = tuple(
    _part(
        _MAIL, "kind", "NULL", "NULL", "at",
        source=f"events WHERE user_id = ?1 AND at > ?3 - {_LONGER} AND {which}",
    )
    for which in _OF_MAIL
)  # fmt: skip
# CROSS has SQLite begin with the failures, which are few, not with all that was sent; what was sent
# is looked up by its own id, because a user's other messages are no index to it (hence the ||).
_BOUNCED = f"""
(SELECT sent.user_id, sent.kind, sent.at, min(failed.at) AS known_at
FROM events AS failed CROSS JOIN events AS sent
WHERE sent.event_id = failed.ref AND sent.user_id || '' = failed.user_id
    AND failed.kind = 'message_failed' AND sent.kind = 'message_sent' AND sent.channel = '{MAIL}'
    AND NOT sent.machine AND NOT sent.simulated AND sent.at > %s - {_LONGER} AND failed.%s
GROUP BY sent.user_id, sent.event_id, sent.kind, sent.at) AS bounced
"""  # noqa: S608 - names from the code
_BOUNCES = _part(
    _MAIL, "'message_failed'", "NULL", "NULL", "at", "known_at",
    source=_BOUNCED % ("?3", "user_id = ?1"),
)  # fmt: skip
_CONSENTS = _part(_CONSENT, "purpose", "channel", "state", "at", "seq", source=words_of("?1"))
_PROFILES = _part(_PROFILE, "traits", "timezone", source="users WHERE user_id = ?1")
_OWNERS = _part(_OWNER, "user_id", source="aliases WHERE previous_id = ?1")
_FORMERS = _part(_FORMER, "previous_id", source="aliases WHERE user_id = ?1")
_SPLITS = _part(
    _SPLIT, "user_id", source="splits WHERE user_id = ?1 AND since <= ?2 AND until > ?2"
)
_IDENTITY = (_PROFILES, _OWNERS, _FORMERS, _SPLITS)

# One statement, because each one costs a lock on the write-ahead log and a trip through Python.
_LIMITED = f"SELECT * FROM ({_EVENTS}) AS live"  # noqa: S608 - names from the code
ALL = " UNION ALL ".join(
    (_LIMITED, _MESSAGES, _CONSENTS, *_IDENTITY, _OUTCOMES, _SAYINGS, *_MAILS, _BOUNCES)
)

Parts = Mapping[int, list[Row]]


_ASKED = "user_id IN (SELECT user_id FROM asked)"
_OF_WEEK = f"events WHERE {_ASKED} AND at > ?2"
_LIVED = f"""
(SELECT user_id, item_id, kind, order_id, at, seq, quantity, coalesce(value, 0.0) AS value,
    row_number() OVER (PARTITION BY user_id ORDER BY seq DESC) AS place
FROM events WHERE {_ASKED} AND seq > ?1 AND kind NOT IN ({_MESSAGE_NAMES}) AND NOT machine)
"""  # noqa: S608 - names from the code
_MERGED = """
asked WHERE user_id IN (SELECT previous_id FROM aliases)
OR user_id IN (SELECT user_id FROM aliases) OR user_id IN (SELECT user_id FROM splits)
"""
_PARTS_OF_MANY = " UNION ALL ".join(
    f"SELECT user_id, {number}, {columns} FROM {source}"  # noqa: S608 - names from the code
    for number, columns, source in (
        (_LIVE, "item_id, kind, order_id, at, seq, quantity, value",
         f"{_LIVED} AS lived WHERE place <= ?3"),
        (_SENT, "channel, event_id, ref, at, NULL, NULL, NULL",
         f"{_OF_WEEK} AND kind = 'message_sent'"),
        (_OUTCOME, "channel, kind, ref, at, NULL, NULL, NULL",
         f"{_OF_WEEK} AND kind IN ('message_responded', 'message_opened') AND NOT machine"),
        (_CONSENT, "purpose, channel, state, at, seq, NULL, NULL", f"consents WHERE {_ASKED}"),
        (_PROFILE, "traits, timezone, NULL, NULL, NULL, NULL, NULL", f"users WHERE {_ASKED}"),
        (_OWNER, "NULL, NULL, NULL, NULL, NULL, NULL, NULL", _MERGED),
        (_SAID, "kind, source, ref, at, known_at, CAST(value AS DOUBLE PRECISION), NULL",
         f"statements WHERE {_ASKED} AND kind <> 'trait'"),
        *((_MAIL, "kind, NULL, NULL, at, NULL, NULL, NULL",
           f"events WHERE {_ASKED} AND at > ?2 - {_LONGER} AND {which}") for which in _OF_MAIL),
        (_MAIL, "'message_failed', NULL, NULL, at, known_at, NULL, NULL",
         _BOUNCED % ("?2", _ASKED)),
    )
)  # fmt: skip
"""Of whom, which part, and its columns. Whose id became another's, or was another's, is told by the
part of owners: they are few, and read one by one."""


@lru_cache(4)
def _of_many(n: int) -> str:
    """Return one statement about `n` users, named from ``?4`` on."""
    asked = ", ".join(f"(?{place})" for place in range(4, 4 + n))
    return f"WITH asked (user_id) AS (VALUES {asked}) {_PARTS_OF_MANY}"


class LiveState:
    """What an open store knows of users at this moment. Safe to use from several threads.

    Parameters
    ----------
    database : Database
        The store.
    live_events : int
        Most events since training that are remembered of a user; the latest arrivals win.
    """

    def __init__(self, database: Database, *, live_events: int = 500) -> None:
        self.database = database
        self._live_events = live_events

    def of(self, user_id: str, *, since: int, at: int) -> Remembered:
        """Return what the store knows of a user; ``NOTHING_REMEMBERED`` when it knows nothing.

        Of an id that was erased: ``ERASED``. Consents hold whatever their time: a denial must not
        wait for a clock.

        Parameters
        ----------
        user_id : str
            Who.
        since : int
            Watermark: the ``seq`` up to which the serving model has seen everything.
        at : int
            The instant of the question, microseconds since the epoch; what happens more than
            ``SLACK`` later is left out, and messages sent more than ``LATELY`` before.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        try:
            parts = self._read(user_id, since, at)
            if not parts:
                return NOTHING_REMEMBERED
            owner = parts[_OWNER][0][0] if _OWNER in parts else ""
            if _OWNER in parts:
                if owner == NOBODY:
                    return ERASED
                parts = self._read(owner, since, at)
            if _SPLIT in parts:
                parts = self._read(owner or user_id, 0, at)
                return replace(_state(parts, at), known_as=owner, modelled=False)
        except UnicodeEncodeError:
            return NOTHING_REMEMBERED  # a lone surrogate: no such id can have been stored
        found = _state(parts, at)
        return replace(found, known_as=owner) if owner else found

    def of_all(self, user_ids: Sequence[str], *, since: int, at: int) -> list[Remembered]:
        """Return what :meth:`of` does of each of many users, for less than one by one.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        found: list[Remembered] = []
        for start in range(0, len(user_ids), _AT_ONCE):
            found += self._of_some(user_ids[start : start + _AT_ONCE], since, at)
        return found

    def _of_some(self, user_ids: Sequence[str], since: int, at: int) -> list[Remembered]:
        asked = sorted(set(user_ids))
        by_user: dict[str, dict[int, list[Row]]] = {user_id: {} for user_id in asked}
        values = (since, at - LATELY, self._live_events, *asked)
        try:
            for row in self.database.read(_of_many(len(asked)), values):
                by_user[row[0]].setdefault(row[1], []).append(row[2:])
            for parts in by_user.values():
                if _LIVE in parts:
                    parts[_LIVE].sort(key=itemgetter(4), reverse=True)
        except UnicodeEncodeError:
            return [self.of(user_id, since=since, at=at) for user_id in user_ids]
        return [
            self.of(user_id, since=since, at=at)
            if _OWNER in (parts := by_user[user_id])
            else _state(parts, at)
            if parts
            else NOTHING_REMEMBERED
            for user_id in user_ids
        ]

    def _read(self, user_id: str, since: int, at: int) -> Parts:
        """Return the rows by the part they belong to, without its number."""
        parts: dict[int, list[Row]] = {}
        for row in self.database.read(ALL, (user_id, since, at - LATELY, self._live_events)):
            parts.setdefault(row[0], []).append(row[1:])
        return parts


def _state(parts: Parts, now: int) -> Remembered:
    traits, timezone = parts[_PROFILE][0][:2] if _PROFILE in parts else ("{}", "")
    consents = latest(row[:5] for row in parts.get(_CONSENT, ()))
    if parts.keys() <= _STANDING:
        return _standing(traits, timezone, tuple(consents.items()))
    # What is said to have happened a little later than now happened just now.
    soon = now + SLACK
    live = [
        LiveEvent(item_id, kind, min(at, now), quantity, value, order=order_number(order_id))
        for item_id, kind, order_id, at, _, quantity, value in parts.get(_LIVE, ())
        if at <= soon
    ]
    sent = sorted(map(_Message._make, _by_now(parts.get(_SENT, ()), now)), key=attrgetter("at"))
    outcomes = [*map(_Outcome._make, _by_now(parts.get(_OUTCOME, ()), now))]
    return Remembered(
        live=tuple(reversed(live)),
        profiling=consents.get((PROFILING, "")),
        channels=_channels(consents),
        messages=_by_channel(sent),
        reactions=_reactions(sent, outcomes) if outcomes else (),
        signals=tuple(sorted(_signals(parts))),
        traits=_traits(traits, timezone),
        former_ids=tuple(former for former, *_ in parts.get(_FORMER, ())),
        until=_until(parts, now),
    )


def _by_now(rows: Iterable[Row], now: int) -> Iterator[tuple[Any, Any, Any, int]]:
    return ((*row[:3], min(row[3], now)) for row in rows if row[3] <= now + SLACK)


def _until(parts: Parts, now: int) -> int:
    """Return from when on the same rows would tell something else: later, or too long ago."""
    of_week: list[int] = [row[3] for part in (_SENT, _OUTCOME) for row in parts.get(part, ())]
    of_live: list[int] = [row[3] for row in parts.get(_LIVE, ())]
    ahead = [at for at in (*of_week, *of_live) if at > now]
    comes = (max(now + 1, at - SLACK) for at in ahead)
    return min([FOREVER, *comes, *(at + LATELY for at in of_week)])


@lru_cache(1_024)
def _standing(
    traits: str, timezone: str, consents: tuple[tuple[tuple[str, str], bool], ...]
) -> Remembered:
    # Most users have nothing but a few traits and consents, which they share with many others.
    said = dict(consents)
    return Remembered(
        profiling=said.get((PROFILING, "")),
        channels=_channels(said),
        traits=MappingProxyType(_traits(traits, timezone)),
    )


def _channels(consents: Mapping[tuple[str, str], bool]) -> frozenset[str]:
    return frozenset(c for (purpose, c), yes in consents.items() if yes and purpose == MARKETING)


def _by_channel(sent: Iterable[_Message]) -> dict[str, tuple[int, ...]]:
    times: dict[str, list[int]] = {}
    for message in sent:
        times.setdefault(message.channel, []).append(message.at)
    return {channel: tuple(ats) for channel, ats in times.items()}


def _reactions(sent: list[_Message], outcomes: list[_Outcome]) -> tuple[Reaction, ...]:
    """Return what came of the messages `sent`, which are in order of time, in order of time.

    It belongs to the message that it names by its id, or by the decision behind it; without a
    name to the last one before it through its channel.
    """
    named = {name: one for one in sent for name in (one.event_id, one.ref) if name}
    reactions = []
    for outcome in sorted(outcomes, key=attrgetter("at")):
        before = [m for m in sent if m.channel == outcome.channel and m.at <= outcome.at]
        message = named.get(outcome.ref) if outcome.ref else before[-1] if before else None
        if message is not None and message.at <= outcome.at:
            opened = outcome.kind == MESSAGE_OPENED
            reactions.append(Reaction(message.channel, message.at, outcome.at, opened=opened))
    return tuple(reactions)


def _signals(parts: Parts) -> Iterator[Signal]:
    """Yield what is known of outcomes and e-mails; who looks at them does so as of an instant."""
    said = (OutcomeRow("", kind, value, source, ref, at, known_at)
            for kind, source, ref, at, known_at, value, _ in parts.get(_SAID, ()))  # fmt: skip
    for _, signal in heard(said):
        yield signal
    for kind, _, _, at, known_at, *_ in parts.get(_MAIL, ()):
        yield Signal(kind, at, 0.0, max(at, known_at or at))


def _traits(traits: str, timezone: str) -> dict[str, str]:
    known = unsealed(json.loads(traits)) if SEALED in traits else json.loads(traits)
    return {**known, "timezone": timezone} if timezone else known
