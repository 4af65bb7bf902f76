"""What leaves the store: events past their time, and everything about a user who asks for it.

The highest ``seq`` always stays taken, so that no later event gets a place that a model has seen.
"""

from __future__ import annotations

from collections.abc import Mapping

from recsys.events import DAY
from recsys.storage.database import Database, Writing

_PAGE = 50_000
_BLANK = """
UPDATE events SET user_id = '', item_id = NULL, kind = 'erased', order_id = NULL, channel = NULL,
    ref = NULL, properties = NULL, value = NULL, machine = TRUE
WHERE user_id = ? AND seq = (SELECT max(seq) FROM events)
"""


def prune(database: Database, retention_days: Mapping[str, int], *, now: int) -> dict[str, int]:
    """Delete events older than their kind is kept, page by page, and return how many of each.

    Parameters
    ----------
    database : Database
        The store; others may write between two pages.
    retention_days : mapping of str to int
        Days that events of a kind are kept; kinds that are not named are kept for good.
    now : int
        Microseconds since the epoch.

    Raises
    ------
    StoreUnavailable
        What was deleted so far stays deleted.
    """
    ((last,),) = database.read("SELECT coalesce(max(seq), 0) FROM events")
    gone = dict.fromkeys(retention_days, 0)
    for first in range(0, last, _PAGE):
        until = min(first + _PAGE, last - 1)
        with database.writing() as writing:
            for kind, days in retention_days.items():
                gone[kind] += writing.execute(
                    "DELETE FROM events WHERE seq > ? AND seq <= ? AND kind = ? AND at < ?",
                    (first, until, kind, now - days * DAY),
                ).rowcount
    database.tidy()
    return gone


def erase(database: Database, user_id: str) -> int:
    """Delete everything that is kept about a user and the ids that became it; return the rows.

    Model versions trained before still hold the user's row until they are pruned.

    Raises
    ------
    StoreUnavailable
        Nothing was deleted.
    """
    # Loaded here only: whoever serves starts without SQLAlchemy.
    from recsys.storage.tables import METADATA

    with database.writing() as writing:
        gone = 0
        for one in _ids(writing, user_id):
            gone += writing.execute(_BLANK, (one,)).rowcount
            for table in METADATA.tables.values():
                for column in ("user_id", "previous_id"):
                    if column in table.c:
                        statement = f"DELETE FROM {table.name} WHERE {column} = ?"  # noqa: S608
                        gone += writing.execute(statement, (one,)).rowcount
    return gone


def _ids(writing: Writing, user_id: str) -> list[str]:
    found = writing.execute("SELECT user_id FROM aliases WHERE previous_id = ?", (user_id,))
    owner = next((owner for (owner,) in found.fetchall()), user_id)
    former = writing.execute("SELECT previous_id FROM aliases WHERE user_id = ?", (owner,))
    return [owner, *(one for (one,) in former.fetchall())]
