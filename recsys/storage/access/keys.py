"""Keys to the API: kept as SHA-256, shown once, with what they open and until when."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from recsys.errors import BadQuery
from recsys.storage.database.interface import Database, Row


class Right(StrEnum):
    """What a key opens; ``admin`` opens everything."""

    BROWSER = "browser"
    READ = "read"
    WRITE = "write"
    EXPORT = "export"
    ADMIN = "admin"


PUBLIC, SECRET = "pk_", "sk_"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept.

    Attributes
    ----------
    label : str
        Its name, one of its own.
    rights : frozenset of Right
        What it opens.
    origins : tuple of str
        Of the pages that may use it (``https://shop.example``); empty: any.
    expires_at, revoked_at, last_used_at : int or None
        Microseconds since the epoch; None: never.
    created_at : int
        Microseconds since the epoch.
    """

    label: str
    rights: frozenset[Right]
    origins: tuple[str, ...] = ()
    created_at: int = 0
    expires_at: int | None = None
    revoked_at: int | None = None
    last_used_at: int | None = None

    def holds(self, at: int) -> bool:
        """Return whether it opens anything at an instant."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


_COLUMNS = "label, rights, origins, created_at, expires_at, revoked_at, last_used_at"
_INSERT = """
INSERT INTO keys (sha256, label, rights, origins, created_at, expires_at)
VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (label) DO NOTHING
"""


def create(database: Database, key: Key) -> str:
    """Make a key and return its text, which is kept nowhere.

    Raises
    ------
    BadQuery
        There is one of that label.
    StoreUnavailable
        Nothing was written.
    """
    public = key.rights == {Right.BROWSER}
    text = f"{PUBLIC if public else SECRET}{secrets.token_urlsafe(32)}"
    rights, origins = json.dumps(sorted(key.rights)), json.dumps(key.origins)
    with database.writing() as writing:
        values = (hashed(text), key.label, rights, origins, key.created_at, key.expires_at)
        if writing.execute(_INSERT, values).rowcount != 1:
            raise BadQuery("label", key.label, "a label that no key has")
    return text


def every(database: Database) -> Mapping[str, Key]:
    """Return all keys by their SHA-256 in hexadecimal, those that no longer hold too.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(f"SELECT sha256, {_COLUMNS} FROM keys ORDER BY seq")  # noqa: S608
    return {digest: _key(row) for digest, *row in rows}


def revoke(database: Database, label: str, *, at: int) -> None:
    """Let a key open nothing from now on.

    Raises
    ------
    BadQuery
        There is none of that label.
    StoreUnavailable
        Nothing was written.
    """
    _change(database, label, "revoked_at = coalesce(revoked_at, ?)", at)


def expire(database: Database, label: str, *, at: int | None) -> None:
    """Let a key open nothing from an instant on; None: never.

    Raises
    ------
    BadQuery
        There is none of that label.
    StoreUnavailable
        Nothing was written.
    """
    _change(database, label, "expires_at = ?", at)


def used(database: Database, last: Mapping[str, int]) -> None:
    """Note when keys were used last, by label.

    Raises
    ------
    StoreUnavailable
        Nothing was written.
    """
    with database.writing() as writing:
        writing.executemany(
            "UPDATE keys SET last_used_at = ? WHERE label = ?",
            [(at, label) for label, at in last.items()],
        )


def hashed(text: str) -> str:
    """Return the SHA-256 by which a key is known, in hexadecimal."""
    return sha256(text.encode()).hexdigest()


def _change(database: Database, label: str, assignment: str, at: int | None) -> None:
    statement = f"UPDATE keys SET {assignment} WHERE label = ?"  # noqa: S608 - from the code
    with database.writing() as writing:
        if writing.execute(statement, (at, label)).rowcount != 1:
            raise BadQuery("label", label, "the label of a key: see `recsys keys list`")


def _key(row: Sequence[object] | Row) -> Key:
    label, rights, origins, *times = row
    opened = frozenset(Right(one) for one in json.loads(str(rights)))
    return Key(str(label), opened, tuple(json.loads(str(origins))), *times)
