"""What a data protection officer asks of a store: what is held, on which basis, who looked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from recsys.config import Config
from recsys.data.times import moment
from recsys.storage.access import keys
from recsys.storage.database.interface import Database
from recsys.storage.models.belonging import store_id
from recsys.storage.users.consents import MARKETING, NOTHING_SAID, PROFILING, WORDS, ConsentStanding

Json = dict[str, Any]

_BATCH = 50_000
_KINDS = """
SELECT kind, count(*), count(DISTINCT user_id), min(at), max(at) FROM events
WHERE user_id <> '' AND NOT simulated GROUP BY kind ORDER BY kind
"""
_PEOPLE = f"""
SELECT count(*) FROM (SELECT user_id FROM events WHERE NOT simulated UNION SELECT user_id FROM users
    UNION SELECT user_id FROM {WORDS} AS said UNION SELECT user_id FROM decisions) AS held
WHERE user_id <> ''
"""  # noqa: S608 - names from the code
_SIMULATED = """
SELECT count(*), count(DISTINCT user_id) FROM events WHERE user_id <> '' AND simulated
"""
_ACCESS = """
SELECT actor, action, count(*), max(at) FROM audit WHERE at >= ? GROUP BY actor, action
ORDER BY actor, action
"""
_LEDGER = f"""
SELECT seq, user_id, purpose, channel, state, at, basis FROM {WORDS} AS said WHERE seq > ?
ORDER BY seq LIMIT ?
"""  # noqa: S608 - names from the code


def inventory(
    database: Database, config: Config, *, now: int, since: int = 0, keys_at: int | None = None
) -> Json:
    """Return what is held on how many people, on which basis, how old, who looked, what went.

    Parameters
    ----------
    database : Database
        The store.
    config : Config
        How long kinds are kept, which channels there are, what silence on profiling means.
    now, since : int
        When it is taken, and from when on who looked is told (microseconds since the epoch).
    keys_at : int or None
        When keys have to hold, where that is by another clock; None: `now`.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    people = _count(database, _PEOPLE)
    return {
        "taken_at": _when(now),
        "store": store_id(database),
        "people": people,
        "events": _events(database, config.data.retention_days),
        "simulated": _simulated(database),
        "profiles": _count(database, "SELECT count(*) FROM users"),
        "decisions": _span(database, "decisions"),
        "consents": _consents(database, config, people),
        "erased": _erased(database),
        "merged_ids": _count(database, "SELECT count(*) FROM aliases WHERE user_id <> ''"),
        "access": [
            {"who": who, "did": action, "times": times, "last": _when(last)}
            for who, action, times, last in database.read(_ACCESS, (since,))
        ],
        "keys": _keys(database, now if keys_at is None else keys_at),
    }


def _events(database: Database, retention_days: Mapping[str, int]) -> Json:
    return {
        kind: {
            "events": count, "people": people, "oldest": _when(oldest), "newest": _when(newest),
            "kept_days": retention_days.get(kind),
        }
        for kind, count, people, oldest, newest in database.read(_KINDS)
    }  # fmt: skip


def _simulated(database: Database) -> Json:
    """Return how many events were made up, of how many people: they are in no other count."""
    ((events, people),) = database.read(_SIMULATED)
    return {"events": events, "people": people}


def _span(database: Database, table: str) -> Json:
    ((count, oldest, newest),) = database.read(
        f"SELECT count(*), min(at), max(at) FROM {table}"  # noqa: S608 - a name from the code
    )
    return {"count": count, "oldest": _when(oldest), "newest": _when(newest)}


def _consents(database: Database, config: Config, people: int) -> Json:
    """Return how many people granted what, by what they said last, and on which grounds."""
    standings: dict[tuple[str, str, str], ConsentStanding] = {}
    grounds: dict[tuple[str, str, str], str] = {}
    after = 0
    while lines := database.read(_LEDGER, (after, _BATCH)):
        for _, user, purpose, channel, state, at, basis in lines:
            key = (purpose, channel, user)
            standings[key] = standings.get(key, NOTHING_SAID).after(state, at)
            grounds[key] = basis
        after = lines[-1][0]
    counts = Counter((p, c, standing.granted) for (p, c, _), standing in standings.items())
    bases = Counter(grounds[key] or "not said" for key, s in standings.items() if s.granted)

    def said(purpose: str, channel: str) -> Json:
        granted, denied = (counts[purpose, channel, yes] for yes in (True, False))
        return {"granted": granted, "denied": denied, "silent": people - granted - denied}

    return {
        PROFILING: {**said(PROFILING, ""), "silence_means": config.privacy.profiling},
        MARKETING: {
            name: {**said(MARKETING, name), "silence_means": "denied"}
            for name in config.channels.arms
        },
        "granted_on": dict(sorted(bases.items())),
    }


def _erased(database: Database) -> Json:
    ((ids, people, last),) = database.read(
        "SELECT count(*), count(DISTINCT receipt_id), max(at) FROM erasures"
    )
    return {"people": people, "ids": ids, "last": _when(last)}


def _keys(database: Database, now: int) -> list[Json]:
    return [
        {
            "label": key.label, "opens": sorted(key.rights), "holds": key.holds(now),
            "until": _when(key.expires_at), "last_used": _when(key.last_used_at),
        }
        for key in keys.every(database).values()
    ]  # fmt: skip


def _count(database: Database, statement: str) -> int:
    return int(database.read(statement)[0][0])


def _when(at: int | None) -> str | None:
    return None if at is None else moment(at).isoformat(timespec="seconds")
