"""Events that leave the store because their time is over.

The highest ``seq`` always stays taken, so that no later event gets a place that a model has seen.
"""

from __future__ import annotations

from collections.abc import Mapping

from recsys.data.times import DAY
from recsys.storage.database.interface import Database
from recsys.storage.users import changes

_PAGE = 50_000


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
            changes.note(writing, {changes.EVERYBODY})
    database.tidy()
    return gone


def prune_exposures(database: Database, days: int, *, now: int) -> dict[str, int]:
    """Delete shown lists, what was seen of them, and who took part in what, after so many days.

    Returned is how many of each; 0 days keep them for good.

    Raises
    ------
    StoreUnavailable
        What was deleted so far stays deleted.
    """
    gone = {}
    for table in ("exposures", "lists", "participants") if days else ():
        with database.writing() as writing:
            statement = f"DELETE FROM {table} WHERE at < ?"  # noqa: S608 - names from the code
            gone[table] = writing.execute(statement, (now - days * DAY,)).rowcount
    return gone
