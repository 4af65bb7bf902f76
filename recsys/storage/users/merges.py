"""Two ids made one person, by whoever may say so, and made two again.

Every event, decision and consent keeps the id under which it was sent, so a merge takes nothing
away that undoing it could not give back. Events stay at their place in the log: the serving model
has learnt them under the former id, and answers with both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from recsys.errors import ErasedUser, NotMerged
from recsys.storage.access import audit
from recsys.storage.access.audit import Action, Entry
from recsys.storage.database.interface import Database, Writing
from recsys.storage.users import changes, profile_moves, statements
from recsys.storage.users.aliases import NOBODY, became, known_as

Says = Callable[[str], bool]


def nobody(_user_id: str) -> bool:
    """Return False: of no id."""
    return False


def anybody(_user_id: str) -> bool:
    """Return True: of every id."""
    return True


@dataclass(frozen=True, slots=True)
class Authority:
    """What whoever asks for a merge may do.

    Attributes
    ----------
    allowed : callable
        Whether they may give away an id that is somebody's.
    trained : callable
        Whether the serving model knows an id.
    by : str
        Who they are, for the audit log; empty: whoever signs in, which is not noted.
    """

    allowed: Says = anybody
    trained: Says = nobody
    by: str = ""


EVERY = Authority()


class MergeOutcome(StrEnum):
    """What became of the wish to make two ids one person."""

    MERGED = "merged"
    ONE_ALREADY = "one_already"
    KNOWN = "known_user"
    CLAIMED = "claimed_id"
    ERASED = "erased_user"


@dataclass(frozen=True, slots=True)
class Undone:
    """A merge that was undone: of which id, whose it was, and how much is its own again."""

    user_id: str
    former_owner: str
    events: int
    decisions: int


_KNOWN = """
SELECT EXISTS (SELECT 1 FROM users WHERE user_id = ?1 AND NOT anonymous)
    OR EXISTS (SELECT 1 FROM aliases WHERE user_id = ?1)
    OR EXISTS (SELECT 1 FROM events WHERE user_id = ?2 AND sent_as = ?1 AND NOT anonymous),
    EXISTS (SELECT 1 FROM consents WHERE user_id = ?1),
    EXISTS (SELECT 1 FROM events WHERE user_id = ?2 AND sent_as = ?1 AND anonymous)
    OR EXISTS (SELECT 1 FROM users WHERE user_id = ?1 AND anonymous)
"""
# A place of its own in the log, so that a watermark tells whether a model saw before or after.
_MARK = """
INSERT INTO events (seq, event_id, user_id, sent_as, kind, at, quantity, simulated, source,
    ingested_at, machine) VALUES (?, ?, '', '', 'identity', ?, 0, FALSE, '', ?, TRUE)
"""


def merge(
    database: Database,
    previous_id: str,
    user_id: str,
    *,
    at: int,
    authority: Authority = EVERY,
) -> MergeOutcome:
    """Make `previous_id` the same person as `user_id`.

    Events, messages and decisions move over. Words stay with the ids that said them: what either
    denied holds for both, what one granted the other may never have been asked. Of traits and of
    decisions by one id that both have, the user's stay. Whoever asks for or sends `previous_id`
    later means the user. An erased id stays nobody.

    Parameters
    ----------
    database : Database
        The store.
    previous_id, user_id : str
        Who becomes whom.
    at : int
        Now, microseconds since the epoch.
    authority : Authority
        What whoever asks may do to an id that is somebody's: one that was named as a user, that
        came from a file, that others became; or that has consents or is in the serving model, and
        was never seen as the id of a device. Ids of devices are free to all.

    Raises
    ------
    StoreUnavailable
        Nothing was changed.
    """
    with database.writing() as writing:
        owners = known_as(writing, {previous_id, user_id})
        previous, user = (owners.get(one, one) for one in (previous_id, user_id))
        if NOBODY in (previous, user):
            return MergeOutcome.ERASED
        if previous == user:
            return MergeOutcome.ONE_ALREADY
        if not authority.allowed(previous):
            if previous_id in owners:
                return MergeOutcome.CLAIMED
            if _known(
                writing.execute(_KNOWN, (previous, previous)).fetchone(),
                previous,
                authority.trained,
            ):
                return MergeOutcome.KNOWN
        _merge(writing, previous, user, at=at)
        if authority.by:
            audit.note(writing, Entry(at, authority.by, Action.MERGED, previous))
    return MergeOutcome.MERGED


def is_known(database: Database, user_id: str, *, trained: Says) -> bool:
    """Return whether an id is a user's, as :func:`merge` takes it: who guesses one knows somebody.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    owner = became(database, {user_id}).get(user_id, user_id)
    return _known(database.read(_KNOWN, (user_id, owner))[0], user_id, trained)


def seen(database: Database, user_id: str) -> bool:
    """Return whether the store has anything of an id: a name, an event, a consent, an erasure.

    Raises
    ------
    StoreUnavailable
        The store cannot be read.
    """
    if user_id in became(database, {user_id}):
        return True
    return any(database.read(_KNOWN, (user_id, user_id))[0])


def unmerge(database: Database, previous_id: str, *, at: int, by: str = "") -> Undone:
    """Make an id that became another user a user of its own again, with all that became it.

    What was sent under it is its own again, before the merge and since. Denials said meanwhile
    hold for both. Models trained meanwhile hold one row for both: until the next training neither
    is answered by it, but by all of their events as they are now.

    Raises
    ------
    NotMerged
        It is a user of its own, or was merged before the store kept what undoing takes.
    ErasedUser
        It is nobody any more.
    StoreUnavailable
        Nothing was changed.
    """
    with database.writing() as writing:
        owner = known_as(writing, {previous_id}).get(previous_id)
        if owner == NOBODY:
            raise ErasedUser(previous_id)
        parents = _parents(writing, owner or "")
        if not parents.get(previous_id):
            raise NotMerged(previous_id, merged=owner is not None)
        above = _path(previous_id, parents)[1:]
        below = [one for one in parents if previous_id in _path(one, parents)[1:]]
        inside = [previous_id, *below]
        events = _give_back(writing, "events", inside, above[-1])
        decisions = _give_back(writing, "decisions", inside, above[-1])
        _give_back(writing, "participants", inside, above[-1])
        _give_back(writing, "statements", inside, above[-1])
        (event_seq,) = writing.execute(
            "SELECT event_seq FROM aliases WHERE previous_id = ?", (previous_id,)
        ).fetchone()
        profile_moves.give_back(writing, previous_id, above)
        _part_ids(writing, inside)
        until = _mark(writing, at)
        writing.executemany(
            "INSERT INTO splits (user_id, since, until) VALUES (?, ?, ?)",
            [(one, event_seq, until) for one in (previous_id, *above)],
        )
        audit.note(writing, Entry(at, by, Action.UNMERGED, previous_id))
        changes.note(writing, {*inside, *above})
    return Undone(previous_id, above[-1], events, decisions)


def _known(found: Sequence[bool], user_id: str, trained: Says) -> bool:
    named, consented, device = found
    return bool(named or ((consented or trained(user_id)) and not device))


def _merge(writing: Writing, previous: str, user: str, *, at: int) -> None:
    former = writing.execute("SELECT previous_id FROM aliases WHERE user_id = ?", (previous,))
    changes.note(writing, {previous, user, *(one for (one,) in former.fetchall())})
    profile = profile_moves.move(writing, previous, user)
    writing.execute("UPDATE aliases SET user_id = ? WHERE user_id = ?", (user, previous))
    writing.execute(
        "INSERT INTO aliases (previous_id, user_id, at, into_id, event_seq, profile) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (previous, user, at, user, _mark(writing, at), profile),
    )
    writing.execute("UPDATE events SET user_id = ? WHERE user_id = ?", (user, previous))
    writing.execute(
        "UPDATE decisions SET user_id = ? WHERE user_id = ? "
        "AND decision_id NOT IN (SELECT decision_id FROM decisions WHERE user_id = ?)",
        (user, previous, user),
    )
    writing.execute("UPDATE participants SET user_id = ? WHERE user_id = ?", (user, previous))
    statements.move(writing, previous, user)


def _mark(writing: Writing, at: int) -> int:
    (seq,) = writing.next_seqs("events", 1)
    writing.execute(_MARK, (seq, f"identity:{seq}", at, at))
    return seq


def _parents(writing: Writing, owner: str) -> dict[str, str]:
    """Return whom each id that became a user was merged into."""
    rows = writing.execute("SELECT previous_id, into_id FROM aliases WHERE user_id = ?", (owner,))
    return dict(rows.fetchall())


def _path(one: str, parents: Mapping[str, str]) -> list[str]:
    """Return an id, whom it was merged into, and so on up to the user."""
    path = [one]
    while parent := parents.get(path[-1]):
        path.append(parent)
    return path


def _give_back(writing: Writing, table: str, inside: Sequence[str], owner: str) -> int:
    return writing.execute(
        f"UPDATE {table} SET user_id = ? "  # noqa: S608 - names from the code
        f"WHERE user_id = ? AND sent_as IN ({_marks(inside)})",
        (inside[0], owner, *inside),
    ).rowcount


def _part_ids(writing: Writing, inside: Sequence[str]) -> None:
    own, *below = inside
    writing.execute("DELETE FROM aliases WHERE previous_id = ?", (own,))
    writing.executemany(
        "UPDATE aliases SET user_id = ? WHERE previous_id = ?", [(own, one) for one in below]
    )


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
