"""What users consented to: a ledger, in which a denial holds until it is granted again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from operator import itemgetter
from typing import Any, NamedTuple

from recsys.storage.access import audit
from recsys.storage.access.audit import Action, Entry
from recsys.storage.database.interface import Database, Writing
from recsys.storage.users import aliases, changes
from recsys.storage.users.aliases import NOBODY

PROFILING = "profiling"

MARKETING = "marketing"

GRANTED = "granted"

DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Consent:
    """One line of the ledger.

    Attributes
    ----------
    user_id : str
        Whose.
    purpose : str
        ``profiling`` or ``marketing``.
    channel : str
        Of marketing; empty for profiling.
    state : str
        ``granted`` or ``denied``.
    at : int
        When it was said, microseconds since the epoch.
    basis, source : str
        On what ground, and where it was said.
    text_version : str
        Of the text that was agreed to.
    """

    user_id: str
    purpose: str
    channel: str
    state: str
    at: int
    basis: str = ""
    source: str = ""
    text_version: str = ""


class ConsentStanding(NamedTuple):
    """Whether something is granted, and the latest time of a denial (microseconds)."""

    granted: bool
    denied_at: int

    def after(self, state: str, at: int) -> ConsentStanding:
        """Return what holds after another word, taken after those before.

        A denial holds from when the store took it, whatever time it names: clocks differ, and one
        message too few does less harm. A grant holds unless it was given before a denial that the
        store knows.
        """
        if state == DENIED:
            return ConsentStanding(granted=False, denied_at=max(at, self.denied_at))
        return ConsentStanding(self.granted or at >= self.denied_at, self.denied_at)


NOTHING_SAID = ConsentStanding(granted=False, denied_at=-1)

_FIELDS = [field.name for field in fields(Consent)]


def words_of(user: str) -> str:
    """Return SQL of what holds for a user, said in SQL: a table, and which of its rows.

    It is what any of their ids denied, or others for it, and what they granted themselves, under
    whichever id. A merge grants nothing.
    """
    return f"consents WHERE {_ids(user)} AND (state = 'denied' OR {user} IN (user_id, owner))"


def _ids(user: str) -> str:
    former = f"SELECT previous_id FROM aliases WHERE aliases.user_id = {user}"  # noqa: S608
    return f"(consents.user_id = {user} OR consents.user_id IN ({former}))"


WORDS = """
(SELECT consents.seq, coalesce(aliases.user_id, consents.user_id) AS user_id,
    purpose, channel, state, consents.at, basis
FROM consents LEFT JOIN aliases ON aliases.previous_id = consents.user_id
WHERE state = 'denied' OR coalesce(aliases.user_id, consents.user_id)
    IN (consents.user_id, consents.owner))
"""
"""SQL of what holds for everybody, by user."""

_SAID = ", ".join(_FIELDS[1:])
# A denial is there once for each id of the person; what is said again holds from then.
_LEDGER = f"SELECT {_SAID} FROM {words_of('?1')} GROUP BY {_SAID} ORDER BY max(seq)"  # noqa: S608
_EVERYTHING = f"""
SELECT min(user_id), {_SAID} FROM consents WHERE {_ids("?1")} GROUP BY {_SAID} ORDER BY max(seq)
"""  # noqa: S608 - names from the code
_PROFILING = """
SELECT consents.user_id, coalesce(aliases.user_id, consents.user_id), owner, state, consents.at, seq
FROM consents LEFT JOIN aliases ON aliases.previous_id = consents.user_id
WHERE seq > ? AND purpose = 'profiling' ORDER BY seq
"""
_OF_ONE = f"""
SELECT state, at, seq FROM {words_of("?1")} AND purpose = 'profiling' ORDER BY seq
"""  # noqa: S608 - names from the code
_RECORD = """
INSERT INTO consents (user_id, purpose, channel, state, at, basis, source, text_version, owner)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (user_id, purpose, channel, at, state) DO NOTHING
"""


class Consents:
    """The ledger in an open store. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def record(self, consents: Iterable[Consent], *, by: str = "", now: int = 0) -> int:
        """Write lines of the ledger and return how many were new; none of erased users.

        `by` whom they were said, `now`, is noted in the audit log; empty: it is not.

        Raises
        ------
        StoreUnavailable
            Nothing was written.
        """
        with self.database.writing() as writing:
            lines = _by_id(writing, consents)
            if by:
                for user in dict.fromkeys(rows[0][-1] for rows in lines):
                    audit.note(writing, Entry(now, by, Action.CONSENTS, user))
            return _write(writing, lines)

    def ledger_of(self, user_id: str) -> tuple[Consent, ...]:
        """Return all that a user ever said, in the order in which it arrived.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        owner = aliases.became(self.database, {user_id}).get(user_id, user_id)
        return tuple(Consent(owner, *row) for row in self.database.read(_LEDGER, (owner,)))

    def everything_of(self, user_id: str) -> tuple[Consent, ...]:
        """Return the same of a user's own id, and what former ids said for themselves alone.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        return tuple(Consent(*row) for row in self.database.read(_EVERYTHING, (user_id,)))

    def holds(self, consent: Consent) -> bool:
        """Return whether what a line says is what holds already.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        said = holding(self.ledger_of(consent.user_id))
        return said.get((consent.purpose, consent.channel)) is (consent.state == GRANTED)

    def channels_of(self, user_id: str) -> frozenset[str]:
        """Return the channels on which a user grants marketing now; unknown is denied.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        said = holding(self.ledger_of(user_id))
        return frozenset(c for (purpose, c), yes in said.items() if yes and purpose == MARKETING)

    def profiling_after(self, seq: int) -> list[tuple[str, str, int, int]]:
        """Return (user, state, at, seq) of what was said about profiling after a ``seq``.

        A denial is told of the id that it holds for and of its user, a grant of the user alone.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        return [
            (one, state, at, place)
            for said_by, user, then, state, at, place in self.database.read(_PROFILING, (seq,))
            for one in dict.fromkeys((said_by, user))
            if state == DENIED or (one == user and user in (said_by, then))
        ]

    def profiling_of(self, user_id: str) -> list[tuple[str, str, int, int]]:
        """Return the same of all that holds for one user.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        return [
            (user_id, state, at, seq) for state, at, seq in self.database.read(_OF_ONE, (user_id,))
        ]


def write(writing: Writing, consents: Iterable[Consent]) -> int:
    """Write lines of the ledger within a transaction, as :meth:`Consents.record` does."""
    return _write(writing, _by_id(writing, consents))


def _write(writing: Writing, lines: list[list[tuple[Any, ...]]]) -> int:
    changes.note(writing, dict.fromkeys(rows[0][-1] for rows in lines))
    if all(len(rows) == 1 for rows in lines):
        return max(0, writing.executemany(_RECORD, [row for (row,) in lines]).rowcount)
    return sum(writing.executemany(_RECORD, rows).rowcount > 0 for rows in lines)


def _by_id(writing: Writing, consents: Iterable[Consent]) -> list[list[tuple[Any, ...]]]:
    """Return the rows of each line, its owner last: a denial holds for every id of the person."""
    lines = [(consent, astuple(consent)[1:]) for consent in consents]
    users = {consent.user_id for consent, _ in lines}
    owners = aliases.known_as(writing, users)
    groups = aliases.former_of(writing, users | set(owners.values()))
    found = []
    for consent, said in lines:
        owner = owners.get(consent.user_id, consent.user_id)
        others = [owner, *groups.get(owner, ())] if consent.state == DENIED else []
        if owner != NOBODY:
            everyone = dict.fromkeys([consent.user_id, *others])
            found.append([(one, *said, owner) for one in everyone])
    return found


def holding(ledger: Iterable[Consent]) -> dict[tuple[str, str], bool]:
    """Return whether each (purpose, channel) is granted, of a ledger in the order of arrival."""
    return latest((c.purpose, c.channel, c.state, c.at, seq) for seq, c in enumerate(ledger))


def latest(lines: Iterable[tuple[str, str, str, int, int]]) -> dict[tuple[str, str], bool]:
    """Return whether (purpose, channel, state, at, seq) lines grant, by the first two.

    They are taken in the order of their ``seq``, as :meth:`ConsentStanding.after` says.
    """
    standings: dict[tuple[str, str], ConsentStanding] = {}
    for purpose, channel, state, at, _ in sorted(lines, key=itemgetter(4)):
        standing = standings.get((purpose, channel), NOTHING_SAID)
        standings[purpose, channel] = standing.after(state, at)
    return {key: standing.granted for key, standing in standings.items()}
