"""The decision log: append-only, and the same id for the same user is the same decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, fields, replace

from recsys.channel.decision import Decision
from recsys.errors import ErasedUser
from recsys.storage.database.interface import Database
from recsys.storage.users import aliases
from recsys.storage.users.aliases import NOBODY, OWNER
from recsys.storage.users.consents import words_of

COLUMNS = ", ".join(field.name for field in fields(Decision))
_INSERT = (
    f"INSERT INTO decisions ({COLUMNS}, sent_as) "  # noqa: S608 - names from the code
    f"VALUES ({', '.join('?' * len(fields(Decision)))}, ?) "
    "ON CONFLICT (user_id, decision_id) DO NOTHING"
)
_ONE = f"SELECT {COLUMNS} FROM decisions WHERE user_id = {OWNER} AND decision_id = ?2"  # noqa: S608
_AFTER = f"SELECT seq, {COLUMNS} FROM decisions WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608
_EXPLORED = [field.name for field in fields(Decision)].index("explored")
BATCH = 10_000


class DecisionLog:
    """The decisions in an open store. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def put(self, decision: Decision) -> Decision:
        """Log a decision, durably, and return it, or the one that had its id before.

        One about an id that became another user is that user's.

        Raises
        ------
        ErasedUser
            Nothing is kept about this user any more.
        StoreUnavailable
            Nothing was logged.
        """
        with self.database.writing() as writing:
            asked_for = decision.user_id
            owner = aliases.known_as(writing, {asked_for}).get(asked_for)
            if owner == NOBODY:
                raise ErasedUser(asked_for)
            decision = replace(decision, user_id=owner or asked_for)
            if writing.execute(_INSERT, (*astuple(decision), asked_for)).rowcount == 1:
                return decision
            key = (decision.user_id, decision.decision_id)
            return _of(writing.execute(_ONE, key).fetchone())

    def get(self, user_id: str, decision_id: str) -> Decision | None:
        """Return a decision, None where there is none of that id.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        rows = self.database.read(_ONE, (user_id, decision_id))
        return _of(rows[0]) if rows else None

    def consent_seq(self, user_id: str) -> int:
        """Return the last line of a user's consent ledger, 0 where there is none.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        statement = f"SELECT coalesce(max(seq), 0) FROM {words_of(OWNER)}"  # noqa: S608
        return int(self.database.read(statement, (user_id,))[0][0])

    def all(self) -> Iterator[Decision]:
        """Yield all decisions in order of arrival, a batch in memory at a time.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        after = 0
        while rows := self.database.read(_AFTER, (after, BATCH)):
            yield from (_of(row[1:]) for row in rows)
            after = rows[-1][0]


def _of(row: tuple[object, ...]) -> Decision:
    values = list(row)
    values[_EXPLORED] = bool(values[_EXPLORED])
    return Decision(*values)  # type: ignore[arg-type]
