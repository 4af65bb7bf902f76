"""Of whom the store tells something else than before: what is kept in mind of them is forgotten.

Events say it themselves, by their ``seq``. Whoever writes anything else that :mod:`live_state`
reads (a consent, a trait, a merge, an erasure) notes whose it is in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from recsys.storage.database.interface import Database, Writing

EVERYBODY = ""

_MOST = 1_000
"""More than so many at once are everybody."""

_NOTE = """
INSERT INTO changes (seq, user_id) SELECT coalesce(max(seq), 0) + 1, ?1 FROM changes WHERE true
ON CONFLICT (user_id) DO UPDATE SET seq = excluded.seq
"""
_ENDS = """
SELECT (SELECT coalesce(max(seq), 0) FROM events), (SELECT coalesce(max(seq), 0) FROM changes)
"""
_AFTER = f"""
SELECT 0, seq, user_id FROM (
    SELECT seq, user_id FROM events WHERE seq > ?1 ORDER BY seq LIMIT {_MOST}) AS happened
UNION ALL SELECT 1, seq, user_id FROM (
    SELECT seq, user_id FROM changes WHERE seq > ?2 ORDER BY seq LIMIT {_MOST}) AS changed
"""  # noqa: S608 - a number from the code


class Position(NamedTuple):
    """Up to where changes are known: two ``seq``, and the database's own count where it has one."""

    event: int
    change: int
    version: int | None


def note(writing: Writing, user_ids: Collection[str]) -> None:
    """Note that something was written about some users, in the transaction that writes it."""
    noted = user_ids if len(user_ids) <= _MOST else (EVERYBODY,)
    writing.executemany(_NOTE, [(user_id,) for user_id in sorted(noted)])


def after(database: Database, position: Position | None) -> tuple[Position, frozenset[str]]:
    """Return where the changes end now, and who is in them; ``EVERYBODY`` among them: everybody.

    The very same position where nothing was written at all. None is a beginning: everybody.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    # Before the read: what is written meanwhile counts as not seen.
    version = database.version()
    if position is None:
        return _end(database, version), frozenset({EVERYBODY})
    if version is not None and version == position.version:
        return position, frozenset()
    rows = database.read(_AFTER, (position.event, position.change))
    if not rows:
        same = version == position.version
        return position if same else position._replace(version=version), frozenset()
    seqs: list[list[int]] = [[], []]
    for part, seq, _ in rows:
        seqs[part].append(seq)
    if _MOST in map(len, seqs):
        return _end(database, version), frozenset({EVERYBODY})
    ends = (max(seqs[0], default=position.event), max(seqs[1], default=position.change))
    # Marks in the log are nobody's; among the changes the same text is everybody.
    users = frozenset(user for part, _, user in rows if user or part)
    return Position(*ends, version), users


def _end(database: Database, version: int | None) -> Position:
    ((event, change),) = database.read(_ENDS)
    return Position(event, change, version)
