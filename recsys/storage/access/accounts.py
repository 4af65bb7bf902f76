"""Who may use the console: accounts, their passwords (scrypt), and links that let in once."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from enum import StrEnum

from recsys.errors import BadQuery
from recsys.storage.access.keys import hashed
from recsys.storage.database.interface import Database

MIN_PASSWORD = 12
LINK_MINUTES = 30
_MINUTE = 60_000_000
_COST = {"n": 2**15, "r": 8, "p": 1, "maxmem": 2**26, "dklen": 32}
_NOBODY = "AAAAAAAAAAAAAAAAAAAAAA==$AAAA"
_COLUMNS = "name, role, password <> '', created_at"


class Role(StrEnum):
    """What an account may see and do; each may all that those before it may."""

    VIEWER = "viewer"
    MARKETER = "marketer"
    ANALYST = "analyst"
    ADMIN = "admin"

    def may(self, needed: Role) -> bool:
        """Return whether this role may what another may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Account:
    """An account: whether it has a password, and when it was made (microseconds)."""

    name: str
    role: Role
    has_password: bool
    created_at: int


def add(database: Database, name: str, role: Role, password: str, *, at: int) -> None:
    """Make an account; without a password only a link lets in.

    Raises
    ------
    BadQuery
        There is one of that name, or the password is too short.
    StoreUnavailable
        Nothing was written.
    """
    if password and len(password) < MIN_PASSWORD:
        raise BadQuery("password", "…", f"at least {MIN_PASSWORD} characters")
    with database.writing() as writing:
        added = writing.execute(
            "INSERT INTO console_accounts (name, role, password, created_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (name) DO NOTHING",
            (name, str(role), password and _scrypt(password), at),
        )
        if added.rowcount != 1:
            raise BadQuery("name", name, "a name that no account has")


def remove(database: Database, name: str) -> None:
    """Remove an account, its sessions and its links: it is out at once.

    Raises
    ------
    BadQuery
        There is none of that name.
    StoreUnavailable
        Nothing was written.
    """
    with database.writing() as writing:
        for table in ("console_sessions", "console_links"):
            writing.execute(f"DELETE FROM {table} WHERE name = ?", (name,))  # noqa: S608
        if writing.execute("DELETE FROM console_accounts WHERE name = ?", (name,)).rowcount != 1:
            raise BadQuery("name", name, "an account: see `recsys console user list`")


def every(database: Database) -> list[Account]:
    """Return all accounts by name.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(f"SELECT {_COLUMNS} FROM console_accounts ORDER BY name")  # noqa: S608
    return [Account(name, Role(role), bool(has), at) for name, role, has, at in rows]


def there_is_one(database: Database) -> bool:
    """Return whether there is any account: without one there is no console.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    return bool(database.read("SELECT 1 FROM console_accounts LIMIT 1"))


def opens(database: Database, name: str, password: str) -> bool:
    """Return whether a password is that of an account; it takes as long where there is none.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read("SELECT password FROM console_accounts WHERE name = ?", (name,))
    kept = rows[0][0] if rows and rows[0][0] else ""
    salt, _, digest = (kept or _NOBODY).partition("$")
    given = hashlib.scrypt(password.encode(), salt=b64decode(salt), **_COST)
    return bool(kept) and secrets.compare_digest(given, b64decode(digest))


def link(database: Database, name: str, *, at: int) -> str:
    """Return a secret that lets an account in once, within ``LINK_MINUTES``.

    Raises
    ------
    BadQuery
        There is none of that name.
    StoreUnavailable
        Nothing was written.
    """
    secret = secrets.token_urlsafe(32)
    with database.writing() as writing:
        found = writing.execute("SELECT 1 FROM console_accounts WHERE name = ?", (name,))
        if not found.fetchone():
            raise BadQuery("name", name, "an account: see `recsys console user list`")
        writing.execute("DELETE FROM console_links WHERE until < ?", (at,))
        writing.execute(
            "INSERT INTO console_links (sha256, name, until) VALUES (?, ?, ?)",
            (hashed(secret), name, at + LINK_MINUTES * _MINUTE),
        )
    return secret


def follow(database: Database, secret: str, *, at: int) -> str:
    """Return whom a link lets in, and let nobody in by it again; empty where it lets in nobody.

    Raises
    ------
    StoreUnavailable
        The store cannot be written.
    """
    with database.writing() as writing:
        key = (hashed(secret),)
        row = writing.execute(
            "SELECT name, until FROM console_links WHERE sha256 = ?", key
        ).fetchone()
        writing.execute("DELETE FROM console_links WHERE sha256 = ?", key)
    return str(row[0]) if row and at < row[1] else ""


def _scrypt(password: str) -> str:
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, **_COST)
    return f"{b64encode(salt).decode()}${b64encode(digest).decode()}"
