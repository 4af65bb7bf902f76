"""Who is signed in to the console: sessions known by a hash, which end by themselves."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from recsys.storage.access.accounts import Role
from recsys.storage.access.keys import hashed
from recsys.storage.database.interface import Database

HOUR = 3_600_000_000
IDLE = 8 * HOUR
LONGEST = 7 * 24 * HOUR
_TOUCHED = 60_000_000
"""How far behind the store may be with when a session was used last."""

_FIND = """
SELECT console_sessions.name, role, began_at, used_at
FROM console_sessions JOIN console_accounts ON console_accounts.name = console_sessions.name
WHERE sha256 = ?
"""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in."""

    name: str
    role: Role


def begin(database: Database, name: str, *, at: int, instead_of: str = "") -> str:
    """Return the secret of a new session of an account; what it had before ends.

    Parameters
    ----------
    database : Database
        Where sessions are kept.
    name : str
        Of the account.
    at : int
        Now, microseconds since the epoch.
    instead_of : str
        The secret of the session that the browser had.

    Raises
    ------
    StoreUnavailable
        Nothing was written.
    """
    secret = secrets.token_urlsafe(32)
    with database.writing() as writing:
        writing.execute(
            "DELETE FROM console_sessions WHERE used_at < ? OR began_at < ? OR sha256 = ?",
            (at - IDLE, at - LONGEST, hashed(instead_of)),
        )
        writing.execute(
            "INSERT INTO console_sessions (sha256, name, began_at, used_at) VALUES (?, ?, ?, ?)",
            (hashed(secret), name, at, at),
        )
    return secret


def of(database: Database, secret: str, *, at: int) -> Session | None:
    """Return who has a session; None where it is not known or has ended.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(_FIND, (hashed(secret),)) if secret else []
    if not rows:
        return None
    name, role, began_at, used_at = rows[0]
    if at - used_at >= IDLE or at - began_at >= LONGEST:
        return None
    if at - used_at > _TOUCHED:
        with database.writing() as writing:
            writing.execute(
                "UPDATE console_sessions SET used_at = ? WHERE sha256 = ?", (at, hashed(secret))
            )
    return Session(name, Role(role))


def end(database: Database, secret: str) -> None:
    """End a session.

    Raises
    ------
    StoreUnavailable
        It goes on.
    """
    with database.writing() as writing:
        writing.execute("DELETE FROM console_sessions WHERE sha256 = ?", (hashed(secret),))
