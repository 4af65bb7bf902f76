"""As what each user was seen last: in which band of churn, in which audiences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from recsys.storage.database.interface import Database, Writing, of_keys
from recsys.storage.users import aliases
from recsys.storage.users.aliases import NOBODY


@dataclass(frozen=True, slots=True)
class Seen:
    """One table of what users were seen as.

    Attributes
    ----------
    table, column : str
        Where it is.
    """

    table: str
    column: str

    def of(self, database: Database, user_ids: Sequence[str]) -> dict[str, str]:
        """Return as what each user was seen that was seen.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        statement = f"SELECT user_id, {self.column} FROM {self.table} WHERE user_id IN ({{keys}})"  # noqa: S608
        return dict(of_keys(database.read, statement, user_ids))

    def put(self, writing: Writing, seen: Mapping[str, str], *, at: int) -> set[str]:
        """Note as what users are seen, and return whose: nothing is noted of who was erased."""
        known = aliases.known_as(writing, seen.keys())
        kept = {user for user in seen if known.get(user) != NOBODY}
        statement = f"""
            INSERT INTO {self.table} (user_id, {self.column}, at) VALUES (?, ?, ?)
            ON CONFLICT (user_id) DO UPDATE SET {self.column} = excluded.{self.column},
                at = excluded.at
        """  # noqa: S608 - names from the code
        writing.executemany(statement, [(user, seen[user], at) for user in sorted(kept)])
        return kept

    def forget(self, writing: Writing, user_ids: Iterable[str]) -> None:
        """Forget as what users were seen."""
        rows = [(user,) for user in user_ids]
        writing.executemany(f"DELETE FROM {self.table} WHERE user_id = ?", rows)  # noqa: S608


BANDS = Seen("churn_bands", "band")
"""The band of churn."""
AUDIENCES = Seen("audience_standings", "standing")
"""Of each audience that was there to be in, whether the user was in it: an object of JSON."""
