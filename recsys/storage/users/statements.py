"""What tools said of users: traits, and how they fared; each with its source and its time.

Of a trait the newest word counts, whichever source it is of; the others stay beside it, so that
sources that disagree can be seen. An outcome that is said anew (a score that was corrected) stands
beside what was said before: what was known at an instant can always be told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from operator import attrgetter

from recsys.data.signals import OutcomeRow
from recsys.storage.database.interface import Database, Writing, of_keys
from recsys.storage.users import aliases, changes
from recsys.storage.users.aliases import NOBODY, OWNER

TRAIT = "trait"


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a source said of a user; a trait replaces what the source said before.

    Attributes
    ----------
    user_id : str
        Of whom.
    kind : str
        ``trait`` or one of :data:`recsys.data.signals.OUTCOMES`.
    name : str
        Of the trait; empty for an outcome.
    value : str
        Of the trait; of an outcome a number as text (``nps`` 0 to 10, ``csat`` 0 or 1).
    source : str
        The tool and the kind of its file: ``zendesk.tickets``.
    ref : str
        The answer or ticket that it is of; empty for a trait.
    at : int
        When it was so, microseconds since the epoch.
    known_at : int or None
        When it was known of, where that was later; None: at once.
    """

    user_id: str
    kind: str
    name: str
    value: str
    source: str
    ref: str
    at: int
    known_at: int | None = None


_COLUMNS = ", ".join(field.name for field in fields(Statement))
_PUT = f"""
INSERT INTO statements (sent_as, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""  # noqa: S608 - our own names
_PUT_TRAIT = f"""{_PUT}
ON CONFLICT (sent_as, kind, name, source, ref) WHERE kind = 'trait' DO UPDATE SET
    value = excluded.value, at = excluded.at, user_id = excluded.user_id
    WHERE statements.at < excluded.at
"""
_PUT_OUTCOME = f"{_PUT} ON CONFLICT DO NOTHING"
_OF = f"SELECT {_COLUMNS} FROM statements WHERE user_id = {OWNER} ORDER BY at, seq"  # noqa: S608
_OUTCOMES = """
SELECT seq, user_id, kind, value, source, ref, at, known_at FROM statements
WHERE kind <> 'trait' AND user_id <> '' AND seq > ? ORDER BY seq LIMIT ?
"""
_NEWEST = """
SELECT user_id, name, value FROM statements AS said WHERE kind = 'trait' AND user_id IN ({keys})
AND NOT EXISTS (SELECT 1 FROM statements AS later WHERE later.user_id = said.user_id
    AND later.kind = 'trait' AND later.name = said.name
    AND (later.at > said.at OR (later.at = said.at AND later.seq > said.seq)))
"""
_PAGE = 100_000


def put(database: Database, statements: Iterable[Statement]) -> int:
    """Write what sources said, none of erased users, and return how much that changed.

    Raises
    ------
    StoreUnavailable
        Nothing was written.
    """
    given = list(statements)
    with database.writing() as writing:
        owners = aliases.known_as(writing, {one.user_id for one in given})
        rows = [
            (one.user_id, owners.get(one.user_id, one.user_id), *astuple(one)[1:]) for one in given
        ]
        rows = [row for row in rows if row[1] != NOBODY]
        changed = 0
        for put_one, chosen in (
            (_PUT_TRAIT, [row for row in rows if row[2] == TRAIT]),
            (_PUT_OUTCOME, outcomes := [row for row in rows if row[2] != TRAIT]),
        ):
            if chosen:
                changed += max(0, writing.executemany(put_one, chosen).rowcount)
        changes.note(writing, {row[1] for row in outcomes})
        return changed


def of(database: Database, user_id: str) -> tuple[Statement, ...]:
    """Return what was said of a user, by whichever id, the newest last.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    return tuple(Statement(*row) for row in database.read(_OF, (user_id,)))


def outcomes(database: Database) -> Iterator[OutcomeRow]:
    """Yield all outcomes of everybody in order of arrival, those of erased users left out.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    after = 0
    while rows := database.read(_OUTCOMES, (after, _PAGE)):
        for _, *said in rows:
            yield OutcomeRow(*said)
        after = rows[-1][0]


def newest_traits(database: Database, user_ids: Collection[str]) -> dict[str, dict[str, str]]:
    """Return what counts of the traits that sources said of users, by user.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    found: dict[str, dict[str, str]] = {}
    for user, name, value in of_keys(database.read, _NEWEST, sorted(user_ids)):
        found.setdefault(user, {})[name] = value
    return found


def conflicts(statements: Sequence[Statement]) -> dict[str, dict[str, str]]:
    """Return the traits of which sources say different things: by trait, what each says."""
    said: dict[str, dict[str, str]] = {}
    for one in sorted(statements, key=attrgetter("at")):
        if one.kind == TRAIT:
            said.setdefault(one.name, {})[one.source] = one.value
    return {name: by for name, by in said.items() if len(set(by.values())) > 1}


def move(writing: Writing, previous: str, user: str) -> None:
    """Give a user what was said of an id that becomes it."""
    writing.execute("UPDATE statements SET user_id = ? WHERE user_id = ?", (user, previous))
