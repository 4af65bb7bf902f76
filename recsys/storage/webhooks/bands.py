"""In which band of churn each user was seen last, and how far whoever looks has come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from recsys.storage.database.interface import Database, Writing
from recsys.storage.users import aliases
from recsys.storage.users.aliases import NOBODY

CHURN = "churn_watch"
AUDIENCES = "audience_watch"
_READ = "SELECT value FROM store WHERE name = ?"
_FIRST = "INSERT INTO store (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING"
_NEXT = "UPDATE store SET value = ? WHERE name = ? AND value = ?"
_PUT = """
INSERT INTO churn_bands (user_id, band, at) VALUES (?, ?, ?)
ON CONFLICT (user_id) DO UPDATE SET band = excluded.band, at = excluded.at
"""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class BandWatch:
    """How far it is.

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


def read(database: Database, name: str = CHURN) -> BandWatch:
    """Return how far a watch is.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(_READ, (name,))
    return BandWatch(**json.loads(rows[0][0])) if rows else BandWatch()


def turn(database: Database, before: BandWatch, after: BandWatch, name: str = CHURN) -> bool:
    """Note how far it is, and return whether nobody else did since `before` was read.

    Raises
    ------
    StoreUnavailable
        It is not noted.
    """
    said, was = (json.dumps(asdict(one)) for one in (after, before))
    with database.writing() as writing:
        if before == BandWatch():
            return bool(writing.execute(_FIRST, (name, said)).rowcount)
        return bool(writing.execute(_NEXT, (said, name, was)).rowcount)


def of(database: Database, user_ids: Sequence[str]) -> dict[str, str]:
    """Return the band of each user that was seen in one.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    found: dict[str, str] = {}
    for start in range(0, len(user_ids), _AT_ONCE):
        part = user_ids[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(part))
        statement = f"SELECT user_id, band FROM churn_bands WHERE user_id IN ({marks})"  # noqa: S608
        found.update(database.read(statement, part))
    return found


def put(writing: Writing, bands: Mapping[str, str], *, at: int) -> set[str]:
    """Note bands of users, and return whose: nothing is noted of who was erased."""
    known = aliases.known_as(writing, bands.keys())
    kept = {user for user in bands if known.get(user) != NOBODY}
    writing.executemany(_PUT, [(user, bands[user], at) for user in sorted(kept)])
    return kept


def forget(writing: Writing, user_ids: Iterable[str]) -> None:
    """Forget in which band users were seen."""
    rows = [(user,) for user in user_ids]
    writing.executemany("DELETE FROM churn_bands WHERE user_id = ?", rows)


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
