"""Everything about a person leaves the store for good, and a receipt stays.

The ids stay as tombstones (see ``NOBODY`` in :mod:`recsys.storage.users.aliases`): every worker
reads them with whatever else it reads of a user, so they hold from the commit on. What arrives
later under such an id is not kept, whenever it happened: a queue or a file imported again must not
bring back who asked to be forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recsys.storage.access import audit
from recsys.storage.database.interface import Database, Writing
from recsys.storage.hooks import log as hook_log
from recsys.storage.privacy import receipts
from recsys.storage.privacy.receipts import Erased
from recsys.storage.users import aliases, changes
from recsys.storage.users.aliases import NOBODY

TABLES = (
    "events", "users", "consents", "decisions", "lists", "exposures", "participants", "statements",
)  # fmt: skip
"""Where something is kept by user, besides aliases and the receipts themselves."""

WITHOUT_COUNT = (
    "splits", "lookups", "changes", "delivered", "webhook_messages", "churn_bands",
    "audience_standings",
)  # fmt: skip
"""Where something is kept by user that no receipt counts: it says nothing more about them."""

# The highest seq stays taken: no later event gets a place that a model has seen.
_BLANK = """
UPDATE events SET event_id = 'erased:' || CAST(seq AS TEXT), user_id = '', sent_as = '',
    item_id = NULL,
    kind = 'erased', order_id = NULL, channel = NULL, ref = NULL, pscore = NULL,
    properties = NULL, value = NULL, source = '', machine = TRUE
WHERE user_id = ? AND seq = (SELECT max(seq) FROM events)
"""
_RECEIPT = "SELECT receipt_id, at, removed FROM erasures WHERE user_id = ?"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased.

    Attributes
    ----------
    receipt_id : str
        The same for all ids of one person, and whenever it is asked for.
    at : int
        When, microseconds since the epoch.
    removed : mapping of str to int
        Rows by table; ``aliases`` are further ids that were the same person.
    """

    receipt_id: str
    at: int
    removed: Mapping[str, int]


def erase(database: Database, user_id: str, *, at: int, receipt_id: str, by: str = "") -> Receipt:
    """Delete everything that is kept about a user and the ids that became it.

    Erasing again changes nothing and returns the first receipt. `by` whom it was asked for is
    noted in the audit log. Model versions trained before are
    not asked about these ids any more, and hold their row until they are pruned.

    Raises
    ------
    StoreUnavailable
        Nothing was deleted.
    """
    with database.writing() as writing:
        receipt = erase_in(writing, user_id, at=at, receipt_id=receipt_id)
        if receipt.receipt_id == receipt_id:
            audit.note(writing, audit.Entry(at, by, audit.Action.ERASED, receipt_id))
        if database.receipts is not None and receipt.receipt_id == receipt_id:
            # Before the commit: one receipt too many costs less than one too few.
            receipts.append(database.receipts, receipts.of_receipt(writing, receipt_id))
    return receipt


def erase_in(writing: Writing, user_id: str, *, at: int, receipt_id: str) -> Receipt:
    """Do the same in a transaction that is open already."""
    owner = aliases.known_as(writing, {user_id}).get(user_id, user_id)
    if owner == NOBODY:
        return _receipt(writing.execute(_RECEIPT, (user_id,)).fetchone())
    former = writing.execute("SELECT previous_id FROM aliases WHERE user_id = ?", (owner,))
    ids = [owner, *(one for (one,) in former.fetchall())]
    removed = {table: sum(_delete(writing, table, one) for one in ids) for table in TABLES}
    receipt = Receipt(receipt_id, at, {**removed, "aliases": len(ids) - 1})
    _bury(writing, ids, receipt)
    return receipt


def replay(writing: Writing, erased: Iterable[Erased]) -> None:
    """Erase again who was erased, in the transaction that brings a backup back."""
    for one in erased:
        erase_in(writing, one.user_id, at=one.at, receipt_id=one.receipt_id)


def receipt_of(database: Database, user_id: str) -> Receipt | None:
    """Return the receipt of an erased id, None where it was not.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read(_RECEIPT, (user_id,))
    return _receipt(rows[0]) if rows else None


def erased_after(database: Database, seq: int) -> list[tuple[str, int]]:
    """Return (id, seq) of what was erased after a ``seq``, in order.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    rows = database.read("SELECT user_id, seq FROM erasures WHERE seq > ? ORDER BY seq", (seq,))
    return [(user_id, place) for user_id, place in rows]


def _delete(writing: Writing, table: str, user_id: str) -> int:
    blanked = writing.execute(_BLANK, (user_id,)).rowcount if table == "events" else 0
    statement = f"DELETE FROM {table} WHERE user_id = ?"  # noqa: S608 - names from the code
    return blanked + writing.execute(statement, (user_id,)).rowcount


def _bury(writing: Writing, ids: list[str], receipt: Receipt) -> None:
    removed = json.dumps(dict(receipt.removed))
    # Whoever has them in mind forgets everybody: their own place goes with them.
    changes.note(writing, {changes.EVERYBODY})
    for one in ids:
        # What somebody said while they were one person with it stays theirs, without its name.
        writing.execute("UPDATE consents SET owner = user_id WHERE owner = ?", (one,))
        for table in WITHOUT_COUNT:
            writing.execute(f"DELETE FROM {table} WHERE user_id = ?", (one,))  # noqa: S608
        hook_log.forget(writing, one)
        audit.forget(writing, one, receipt_id=receipt.receipt_id)
        writing.execute("DELETE FROM aliases WHERE previous_id = ?", (one,))
        writing.execute(
            "INSERT INTO aliases (previous_id, user_id, at) VALUES (?, ?, ?)",
            (one, NOBODY, receipt.at),
        )
        writing.execute(
            "INSERT INTO erasures (user_id, receipt_id, at, removed) VALUES (?, ?, ?, ?)",
            (one, receipt.receipt_id, receipt.at, removed),
        )


def _receipt(row: tuple[str, int, str]) -> Receipt:
    receipt_id, at, removed = row
    return Receipt(receipt_id, at, json.loads(removed))
