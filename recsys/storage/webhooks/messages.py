"""What is told to each address: until it was taken, and for a while after.

A message is on the disk before it is sent, and keeps its id however often it is: whoever gets it
twice can tell. Any worker sends; what one took and did not finish, another takes after a while.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from recsys.data.times import DAY, SECOND
from recsys.errors import UnknownMessage
from recsys.storage.database.interface import Database, Row, Writing
from recsys.storage.webhooks.endpoints import WebhookKind

CLAIM = 60 * SECOND
"""So long a message is its worker's to send: longer than sending takes."""


class MessageState(StrEnum):
    """Where a message is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Try:
    """One time that a message was sent.

    Attributes
    ----------
    at : int
        When, microseconds since the epoch.
    status : int or None
        What was answered; None: nothing was.
    ms : int
        How long it took.
    error : str
        Why nothing was answered; else empty.
    """

    at: int
    status: int | None
    ms: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """What one address is told.

    Attributes
    ----------
    message_id : str
        The same however often it is sent.
    webhook_id : str
        Of the address.
    kind : Kind
        What it is.
    body : str
        JSON as it is sent.
    user_id : str
        Of whom it says something; empty: of nobody.
    created_at : int
        When it came to be, microseconds since the epoch.
    state : State
        Where it is.
    tries : tuple of Try
        When it was sent, since it was last asked for.
    next_at : int
        When it is sent next, while it waits.
    """

    message_id: str
    webhook_id: str
    kind: WebhookKind
    body: str
    user_id: str
    created_at: int
    state: MessageState = MessageState.WAITING
    tries: tuple[Try, ...] = ()
    next_at: int = 0


_COLUMNS = "message_id, webhook_id, kind, body, user_id, created_at, state, tries, next_at"
_PUT = f"""
INSERT INTO webhook_messages ({_COLUMNS}, claimed_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
ON CONFLICT (message_id, webhook_id) DO NOTHING
"""  # noqa: S608
_CLAIM = f"""
UPDATE webhook_messages SET claimed_until = ?1 WHERE claimed_until < ?2 AND state = 'waiting'
AND seq IN (SELECT m.seq FROM webhook_messages m JOIN webhooks w ON w.webhook_id = m.webhook_id
    WHERE m.state = 'waiting' AND m.next_at <= ?2 AND m.claimed_until < ?2 AND w.off = ''
    ORDER BY m.next_at LIMIT ?3)
RETURNING {_COLUMNS}
"""  # noqa: S608
_TRIED = """
UPDATE webhook_messages SET state = ?, tries = ?, next_at = ?, claimed_until = 0
WHERE message_id = ? AND webhook_id = ?
"""
_AGAIN = """
UPDATE webhook_messages SET state = 'waiting', tries = '[]', next_at = ?1, claimed_until = 0
WHERE webhook_id = ?2 AND {which}
"""
_COUNTS = "SELECT webhook_id, state, count(*) FROM webhook_messages GROUP BY webhook_id, state"


def put(writing: Writing, messages: Iterable[OutgoingMessage]) -> None:
    """Keep messages in the transaction that does what they tell of."""
    writing.executemany(_PUT, [_row(one) for one in messages])


def record(database: Database, messages: Sequence[OutgoingMessage]) -> None:
    """Keep messages.

    Raises
    ------
    StoreUnavailable
        None was kept.
    """
    if messages:
        with database.writing() as writing:
            put(writing, messages)


def claim(database: Database, *, now: int, most: int) -> list[OutgoingMessage]:
    """Return messages that are due, of addresses that are called; they are the caller's to send.

    Raises
    ------
    StoreUnavailable
        None was taken.
    """
    due = "SELECT 1 FROM webhook_messages WHERE state = 'waiting' AND next_at <= ? LIMIT 1"
    if not database.read(due, (now,)):
        return []
    with database.writing() as writing:
        rows = writing.execute(_CLAIM, (now + CLAIM, now, most)).fetchall()
    return [_message(row) for row in rows]


def tried(database: Database, messages: Sequence[OutgoingMessage]) -> None:
    """Note what became of messages.

    Raises
    ------
    StoreUnavailable
        They are sent again, under the same ids.
    """
    rows = [
        (one.state, _tries(one), one.next_at, one.message_id, one.webhook_id) for one in messages
    ]
    with database.writing() as writing:
        writing.executemany(_TRIED, rows)


def of(database: Database, webhook_id: str, most: int = 100) -> list[OutgoingMessage]:
    """Return the latest messages of an address, newest first.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    statement = (
        f"SELECT {_COLUMNS} FROM webhook_messages "  # noqa: S608
        "WHERE webhook_id = ? ORDER BY seq DESC LIMIT ?"
    )
    return [_message(row) for row in database.read(statement, (webhook_id, most))]


def counts(database: Database) -> dict[str, dict[str, int]]:
    """Return how many messages each address has, by state.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    found: dict[str, dict[str, int]] = {}
    for webhook_id, state, count in database.read(_COUNTS):
        found.setdefault(webhook_id, {})[state] = count
    return found


def again(
    database: Database, webhook_id: str, *, now: int, message_id: str = "", since: int | None = None
) -> int:
    """Send messages again, and return how many: one, all since a time, else those that are dead.

    Raises
    ------
    UnknownMessage
        The address has none of that id.
    StoreUnavailable
        None will be.
    """
    which: tuple[str, str | int] = ("state = ?3", MessageState.DEAD)
    if message_id:
        which = ("message_id = ?3", message_id)
    elif since is not None:
        which = ("created_at >= ?3", since)
    condition, value = which
    with database.writing() as writing:
        statement = _AGAIN.format(which=condition)
        count = writing.execute(statement, (now, webhook_id, value)).rowcount
    if message_id and not count:
        raise UnknownMessage(message_id, webhook_id=webhook_id)
    return count


def prune(database: Database, days: int, *, now: int) -> int:
    """Delete messages that wait for nothing, after so many days.

    Raises
    ------
    StoreUnavailable
        None was deleted.
    """
    statement = "DELETE FROM webhook_messages WHERE created_at < ? AND state <> 'waiting'"
    with database.writing() as writing:
        return writing.execute(statement, (now - days * DAY,)).rowcount


def _row(one: OutgoingMessage) -> Sequence[object]:
    return (
        one.message_id, one.webhook_id, one.kind, one.body, one.user_id, one.created_at,
        one.state, _tries(one), one.next_at,
    )  # fmt: skip


def _tries(one: OutgoingMessage) -> str:
    return json.dumps([asdict(each) for each in one.tries])


def _message(row: Row) -> OutgoingMessage:
    message_id, webhook_id, kind, body, user_id, created_at, state, tries, next_at = row
    every: Sequence[Mapping[str, object]] = json.loads(tries)
    return OutgoingMessage(
        message_id, webhook_id, WebhookKind(kind), body, user_id, created_at, MessageState(state),
        tuple(Try(**one) for one in every),  # type: ignore[arg-type]  # as written above
        next_at,
    )  # fmt: skip
