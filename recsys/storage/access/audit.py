"""Who erased, exported, merged, changed consents, keys or the champion: kept, and never changed.

But for one thing: of who is erased only the receipt stays, here too.
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from enum import StrEnum

from recsys.storage.database.interface import Database, Writing


class Action(StrEnum):
    """What was done."""

    ERASED = "erased"
    EXPORTED = "exported"
    MERGED = "merged"
    UNMERGED = "unmerged"
    CONSENTS = "changed_consents"
    PROMOTED = "promoted"
    KEYS = "changed_keys"
    LOOKED_AT = "looked_at"
    ACCOUNTS = "changed_accounts"
    EXPERIMENTS = "changed_experiments"
    WEBHOOKS_SENT = "sent_webhooks_again"
    WEBHOOKS = "changed_webhooks"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: when (microseconds since the epoch), who by key label, what, and to whom."""

    at: int
    actor: str
    action: Action
    subject: str


def command_line() -> str:
    """Return who acts, where it is whoever is signed in on this machine."""
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):
        return "command line"


def note(writing: Writing, entry: Entry) -> None:
    """Write a line in the transaction that does what it is about."""
    writing.execute(
        "INSERT INTO audit (at, actor, action, subject) VALUES (?, ?, ?, ?)",
        (entry.at, entry.actor, str(entry.action), entry.subject),
    )


def record(database: Database, entry: Entry) -> None:
    """Write a line about what changes nothing in the store, before it is done.

    Raises
    ------
    StoreUnavailable
        Nothing was written: it must not be done.
    """
    with database.writing() as writing:
        note(writing, entry)


def forget(writing: Writing, user_id: str, *, receipt_id: str) -> None:
    """Put the receipt of an erasure in the place of the id that was erased."""
    writing.execute("UPDATE audit SET subject = ? WHERE subject = ?", (receipt_id, user_id))


def entries(database: Database, *, since: int = 0) -> list[Entry]:
    """Return all lines from an instant on, in order.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(
        "SELECT at, actor, action, subject FROM audit WHERE at >= ? ORDER BY seq", (since,)
    )
    return [Entry(at, actor, Action(action), subject) for at, actor, action, subject in rows]
