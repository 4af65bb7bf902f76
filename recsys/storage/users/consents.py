"""What users consented to: a ledger, in which a denial holds until it is granted again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from operator import itemgetter
from typing import NamedTuple

from recsys.storage.access import audit
from recsys.storage.access.audit import Action, Entry
from recsys.storage.database.interface import Database
from recsys.storage.users import aliases, changes
from recsys.storage.users.aliases import NOBODY, OWNER

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


class Standing(NamedTuple):
    """Whether something is granted, and the latest time of a denial (microseconds)."""

    granted: bool
    denied_at: int

    def after(self, state: str, at: int) -> Standing:
        """Return what holds after another word, taken after those before.

        A denial holds from when the store took it, whatever time it names: clocks differ, and one
        message too few does less harm. A grant holds unless it was given before a denial that the
        store knows.
        """
        if state == DENIED:
            return Standing(granted=False, denied_at=max(at, self.denied_at))
        return Standing(self.granted or at >= self.denied_at, self.denied_at)


NOTHING_SAID = Standing(granted=False, denied_at=-1)

_COLUMNS = ", ".join(field.name for field in fields(Consent))
_LEDGER = f"SELECT {_COLUMNS} FROM consents WHERE user_id = {OWNER} ORDER BY seq"  # noqa: S608
_RECORD = """
INSERT INTO consents (sent_as, user_id, purpose, channel, state, at, basis, source, text_version)
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
        lines = [astuple(consent) for consent in consents]
        with self.database.writing() as writing:
            owners = aliases.known_as(writing, {user for user, *_ in lines})
            rows = [(user, owners.get(user, user), *rest) for user, *rest in lines]
            written = [row for row in rows if row[1] != NOBODY]
            if by:
                for user in dict.fromkeys(owner for _, owner, *_ in written):
                    audit.note(writing, Entry(now, by, Action.CONSENTS, user))
            new = max(0, writing.executemany(_RECORD, written).rowcount)
            changes.note(writing, {owner for _, owner, *_ in written})
        return new

    def ledger_of(self, user_id: str) -> tuple[Consent, ...]:
        """Return all that a user ever said, in the order in which it arrived.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        return tuple(Consent(*row) for row in self.database.read(_LEDGER, (user_id,)))

    def ledger_under(self, user_id: str) -> tuple[Consent, ...]:
        """Return what was said under an id itself, whoever it became since.

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        statement = f"SELECT {_COLUMNS} FROM consents WHERE user_id = ? ORDER BY seq"  # noqa: S608
        return tuple(Consent(*row) for row in self.database.read(statement, (user_id,)))

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

        Raises
        ------
        StoreUnavailable
            The store cannot be read.
        """
        statement = (
            "SELECT user_id, state, at, seq FROM consents "
            "WHERE seq > ? AND purpose = 'profiling' ORDER BY seq"
        )
        rows = self.database.read(statement, (seq,))
        return [(user, state, at, place) for user, state, at, place in rows]


def holding(ledger: Iterable[Consent]) -> dict[tuple[str, str], bool]:
    """Return whether each (purpose, channel) is granted, of a ledger in the order of arrival."""
    return latest((c.purpose, c.channel, c.state, c.at, seq) for seq, c in enumerate(ledger))


def latest(lines: Iterable[tuple[str, str, str, int, int]]) -> dict[tuple[str, str], bool]:
    """Return whether (purpose, channel, state, at, seq) lines grant, by the first two.

    They are taken in the order of their ``seq``, as :meth:`Standing.after` says.
    """
    standings: dict[tuple[str, str], Standing] = {}
    for purpose, channel, state, at, _ in sorted(lines, key=itemgetter(4)):
        standing = standings.get((purpose, channel), NOTHING_SAID)
        standings[purpose, channel] = standing.after(state, at)
    return {key: standing.granted for key, standing in standings.items()}
