"""What requests say of who somebody is: sign-ins and merged ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from recsys.data.ids import IdMap
from recsys.storage.database.interface import Database
from recsys.storage.privacy import erasure
from recsys.storage.users import aliases
from recsys.storage.users.aliases import NOBODY
from recsys.storage.users.profiles import Profiles


@dataclass(frozen=True, slots=True)
class Identified:
    """What an `identify` call says of a user; only the configured trait is kept.

    ``previous_id`` is the anonymous id that the user had until then; empty where none is said.
    """

    user_id: str
    traits: Mapping[str, str]
    timezone: str
    previous_id: str = ""


@dataclass(frozen=True, slots=True)
class Aliased:
    """What an `alias` call says: one id became another user."""

    previous_id: str
    user_id: str


def record_identities(
    database: Database, said: Sequence[Identified | Aliased], *, at: int
) -> list[bool]:
    """Keep what is said of users, and return for each whether it was; runs in a thread.

    Nothing is kept about who was erased. Who signs in takes the anonymous history along, unless
    it became somebody's before.

    Raises
    ------
    StoreUnavailable
        What comes later in `said` was not kept.
    """
    known = aliases.became(database, {i for who in said for i in (who.user_id, who.previous_id)})
    kept = [not _is_erased(who, known) for who in said]
    recorded = list(compress(said, kept))
    people = [who for who in recorded if isinstance(who, Identified)]
    Profiles(database).put_users((who.user_id, who.traits, who.timezone) for who in people)
    for who in recorded:
        signs_in = isinstance(who, Identified)
        if who.previous_id and not (signs_in and who.previous_id in known):
            aliases.alias(database, who.previous_id, who.user_id, at=at, unclaimed_only=signs_in)
    return kept


def not_erased(database: Database, user_ids: IdMap | Sequence[str]) -> IdMap | Sequence[str]:
    """Return the users that a list may have: all but the erased.

    Raises
    ------
    StoreUnavailable
        Who was erased is not known.
    """
    erased = {user for user, _ in erasure.erased_after(database, 0)}
    return [user for user in user_ids if user not in erased] if erased else user_ids


def _is_erased(said: Identified | Aliased, known: Mapping[str, str]) -> bool:
    ids = (said.user_id, said.previous_id) if isinstance(said, Aliased) else (said.user_id,)
    return any(known.get(one) == NOBODY for one in ids)
