"""In which audiences each user was seen last."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from recsys.storage.database.interface import Database, Writing
from recsys.storage.users import aliases
from recsys.storage.users.aliases import NOBODY

Standing = Mapping[str, bool]
"""Of each audience that was there to be in, whether the user was in it."""

_PUT = """
INSERT INTO audience_standings (user_id, standing, at) VALUES (?, ?, ?)
ON CONFLICT (user_id) DO UPDATE SET standing = excluded.standing, at = excluded.at
"""
_AT_ONCE = 500


def of(database: Database, user_ids: Sequence[str]) -> dict[str, Standing]:
    """Return the standing of each user that was seen.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    found: dict[str, Standing] = {}
    for start in range(0, len(user_ids), _AT_ONCE):
        part = user_ids[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(part))
        statement = f"SELECT user_id, standing FROM audience_standings WHERE user_id IN ({marks})"  # noqa: S608
        found.update((user, json.loads(said)) for user, said in database.read(statement, part))
    return found


def put(writing: Writing, standings: Mapping[str, Standing], *, at: int) -> set[str]:
    """Note standings of users, and return whose: nothing is noted of who was erased."""
    known = aliases.known_as(writing, standings.keys())
    kept = {user for user in standings if known.get(user) != NOBODY}
    rows = [(user, json.dumps(standings[user], sort_keys=True), at) for user in sorted(kept)]
    writing.executemany(_PUT, rows)
    return kept


def forget(writing: Writing, user_ids: Iterable[str]) -> None:
    """Forget in which audiences users were seen."""
    rows = [(user,) for user in user_ids]
    writing.executemany("DELETE FROM audience_standings WHERE user_id = ?", rows)
