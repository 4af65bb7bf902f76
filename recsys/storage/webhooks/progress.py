"""How far whoever watches users has come: their bands of churn, or their audiences."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from recsys.storage.database.interface import Database

CHURN = "churn_watch"
AUDIENCES = "audience_watch"
_READ = "SELECT value FROM store WHERE name = ?"
_FIRST = "INSERT INTO store (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING"
_NEXT = "UPDATE store SET value = ? WHERE name = ? AND value = ?"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a watch is.

    Attributes
    ----------
    version : str
        The model version by which everybody was looked at last; empty: nobody was.
    at : int
        When that was, microseconds since the epoch.
    seq : int
        Place in the event log up to which whoever did something was looked at.
    until : int
        Until when a worker looks; 0: none does.
    """

    version: str = ""
    at: int = 0
    seq: int = 0
    until: int = 0


def read(database: Database, name: str = CHURN) -> Progress:
    """Return how far a watch is.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(_READ, (name,))
    return Progress(**json.loads(rows[0][0])) if rows else Progress()


def turn(database: Database, before: Progress, after: Progress, name: str = CHURN) -> bool:
    """Note how far it is, and return whether nobody else did since `before` was read.

    Raises
    ------
    StoreUnavailable
        It is not noted.
    """
    said, was = (json.dumps(asdict(one)) for one in (after, before))
    with database.writing() as writing:
        if before == Progress():
            return bool(writing.execute(_FIRST, (name, said)).rowcount)
        return bool(writing.execute(_NEXT, (said, name, was)).rowcount)


def active(database: Database, after: int, most: int) -> tuple[list[str], int]:
    """Return who did something after a place in the event log, and up to which place that is.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(
        "SELECT seq, user_id FROM events WHERE seq > ? ORDER BY seq LIMIT ?", (after, most)
    )
    return list({user: None for _, user in rows if user}), rows[-1][0] if rows else after
