"""The last that happened to one person, as a page shows it."""

from __future__ import annotations

from typing import Any

from recsys.storage.database.interface import Database
from recsys.storage.users.aliases import OWNER

MOST = 50

_EVENTS = f"""
SELECT at, kind, item_id, quantity, value, channel, source, simulated FROM events
WHERE user_id = {OWNER} ORDER BY seq DESC LIMIT {MOST}
"""  # noqa: S608 - our own words
_DECISIONS = f"""
SELECT decisions.at, decision_id, action, rung, explored, send_at, decisions.version,
    (SELECT min(events.kind) FROM events WHERE events.user_id = decisions.user_id
        AND events.ref = decisions.decision_id AND events.kind <> 'message_sent')
FROM decisions WHERE decisions.user_id = {OWNER} ORDER BY decisions.seq DESC LIMIT {MOST}
"""  # noqa: S608
_LISTS = f"""
SELECT lists.at, lists.placement_id, lists.rung, lists.model_version,
    (SELECT count(*) FROM exposures WHERE exposures.list_id = lists.list_id
        AND exposures.kind = 'impression'),
    (SELECT count(*) FROM exposures WHERE exposures.list_id = lists.list_id
        AND exposures.kind = 'click')
FROM lists WHERE lists.user_id = {OWNER} ORDER BY lists.seq DESC LIMIT {MOST}
"""  # noqa: S608
_NAMES = {
    "events": ("at", "kind", "item_id", "quantity", "value", "channel", "source", "simulated"),
    "decisions": (
        "at", "decision_id", "action", "rung", "explored", "send_at", "model_version", "outcome",
    ),
    "lists": ("at", "placement", "rung", "model_version", "seen", "clicked"),
}  # fmt: skip

Rows = list[dict[str, Any]]


def events(database: Database, user_id: str) -> Rows:
    """Return the last ``MOST`` events of a person, the latest to arrive first.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    return _rows(database, "events", _EVENTS, user_id)


def decisions(database: Database, user_id: str) -> Rows:
    """Return the last decisions about a person, and what came of their messages.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    return _rows(database, "decisions", _DECISIONS, user_id)


def lists(database: Database, user_id: str) -> Rows:
    """Return the last lists that a person was shown, and how many items were seen and clicked.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    return _rows(database, "lists", _LISTS, user_id)


def _rows(database: Database, what: str, statement: str, user_id: str) -> Rows:
    found = database.read(statement, (user_id,))
    return [dict(zip(_NAMES[what], row, strict=True)) for row in found]
