"""Sums over the whole store: they take seconds on a large one, and belong in the background."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from recsys.data.times import DAY
from recsys.storage.database.interface import Database
from recsys.storage.users.consents import WORDS

DAYS = 90
"""How far back events are counted by day, from the newest one."""

Rows = list[dict[str, Any]]

_KINDS = """
SELECT kind, count(*), count(DISTINCT user_id), min(at), max(at),
    sum(CASE WHEN simulated THEN 1 ELSE 0 END), sum(CASE WHEN machine THEN 1 ELSE 0 END)
FROM events GROUP BY kind ORDER BY count(*) DESC
"""
_BY_DAY = f"""
SELECT at / {DAY}, kind, count(*) FROM events WHERE at >= ? GROUP BY 1, 2 ORDER BY 1
"""  # noqa: S608 - our own number
_SOURCES = """
SELECT source, count(*), max(at), max(ingested_at),
    sum(CASE WHEN ingested_at - at > ? THEN 1 ELSE 0 END)
FROM events GROUP BY source ORDER BY max(ingested_at) DESC
"""
_IMPORTS = "SELECT report, at FROM imports ORDER BY seq DESC LIMIT 20"
# A denial holds from when the store took it; a grant after it holds unless it was given before it.
_CONSENTS = f"""
WITH said AS {WORDS}, denied AS (
    SELECT user_id, purpose, channel, max(seq) AS seq, max(at) AS at FROM said
    WHERE state = 'denied' GROUP BY user_id, purpose, channel
), granted AS (
    SELECT DISTINCT said.user_id, said.purpose, said.channel
    FROM said LEFT JOIN denied ON denied.user_id = said.user_id
        AND denied.purpose = said.purpose AND denied.channel = said.channel
    WHERE said.state = 'granted'
        AND (denied.seq IS NULL OR (said.seq > denied.seq AND said.at >= denied.at))
)
SELECT purpose, channel, 'granted', count(*) FROM granted GROUP BY purpose, channel
UNION ALL
SELECT denied.purpose, denied.channel, 'denied', count(*)
FROM denied LEFT JOIN granted ON granted.user_id = denied.user_id
    AND granted.purpose = denied.purpose AND granted.channel = denied.channel
WHERE granted.user_id IS NULL GROUP BY denied.purpose, denied.channel
"""  # noqa: S608 - names from the code
_ARMS = """
SELECT action, rung, count(*), sum(CASE WHEN explored THEN 1 ELSE 0 END), sum(cost), max(at)
FROM decisions GROUP BY action, rung ORDER BY action, rung
"""
_MESSAGES = """
SELECT channel, kind, count(*), sum(CASE WHEN simulated THEN 1 ELSE 0 END) FROM events
WHERE kind LIKE 'message_%' AND channel IS NOT NULL AND NOT machine GROUP BY channel, kind
"""
_LISTS = """
SELECT placement_id, rung, count(*), max(at) FROM lists WHERE at >= ?
GROUP BY placement_id, rung ORDER BY placement_id, rung
"""


def each(database: Database, *, late: int) -> Iterator[tuple[str, Any]]:
    """Yield what is in the store, in sums: kinds, days, sources, files, consents, messages.

    Parameters
    ----------
    database : Database
        The store.
    late : int
        After how long an event that arrives is late (microseconds).

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """

    def rows(statement: str, values: Sequence[Any], *names: str) -> Rows:
        return [dict(zip(names, row, strict=True)) for row in database.read(statement, values)]

    kinds = rows(_KINDS, (), "kind", "events", "people", "first", "last", "simulated", "machine")
    until = max((one["last"] for one in kinds), default=0)
    yield "kinds", kinds
    yield "newest", until
    since = (until // DAY - DAYS) * DAY
    yield "days", rows(_BY_DAY, (since,), "day", "kind", "events")
    yield "sources", rows(_SOURCES, (late,), "source", "events", "newest", "arrived", "late")
    yield "files", rows(_IMPORTS, (), "report", "at")
    yield "people", int(database.read("SELECT count(*) FROM users")[0][0])
    yield "consents", rows(_CONSENTS, (), "purpose", "channel", "state", "people")
    yield "decisions", rows(_ARMS, (), "action", "rung", "decisions", "explored", "cost", "last")
    yield "messages", rows(_MESSAGES, (), "channel", "kind", "events", "simulated")
    yield "lists", rows(_LISTS, (until - 28 * DAY,), "placement", "rung", "lists", "last")


def newest(database: Database) -> int | None:
    """Return when the newest of the last events to arrive happened; None without any.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    ((found,),) = database.read(
        "SELECT max(at) FROM (SELECT at FROM events ORDER BY seq DESC LIMIT 1000) AS last"
    )
    return None if found is None else int(found)
