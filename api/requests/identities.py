"""What requests say of who somebody is: sign-ins and merged ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recsys.data.ids import IdMap
from recsys.errors import BadEvent, KnownUser
from recsys.storage.database.interface import Database
from recsys.storage.privacy import erasure
from recsys.storage.users import aliases
from recsys.storage.users.aliases import NOBODY
from recsys.storage.users.profiles import Profiles

OF_ERASED = BadEvent("erased_user", "this user was erased: nothing is kept about the id any more")


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
) -> list[BadEvent | None]:
    """Keep what is said of users, and return for each why it was not; runs in a thread.

    Nothing is kept about who was erased. Who signs in takes the anonymous history along, unless it
    is somebody's; an alias of who is somebody is refused, and costs itself only.

    Raises
    ------
    StoreUnavailable
        What comes later in `said` was not kept.
    """
    known = aliases.became(database, {i for who in said for i in (who.user_id, who.previous_id)})
    refused = [OF_ERASED if _is_erased(who, known) else None for who in said]
    both = list(zip(said, refused, strict=True))
    people = [who for who, why in both if why is None and isinstance(who, Identified)]
    Profiles(database).put_users((who.user_id, who.traits, who.timezone) for who in people)
    return [why or _joined(database, who, known, at=at) for who, why in both]


def not_erased(database: Database, user_ids: IdMap | Sequence[str]) -> IdMap | Sequence[str]:
    """Return the users that a list may have: all but the erased.

    Raises
    ------
    StoreUnavailable
        Who was erased is not known.
    """
    erased = {user for user, _ in erasure.erased_after(database, 0)}
    return [user for user in user_ids if user not in erased] if erased else user_ids


def _joined(
    database: Database, who: Identified | Aliased, known: Mapping[str, str], *, at: int
) -> BadEvent | None:
    """Make two ids one person, and return why they are not; None too where only one is said."""
    signs_in = isinstance(who, Identified)
    if not who.previous_id or (signs_in and who.previous_id in known):
        return None
    try:
        aliases.alias(database, who.previous_id, who.user_id, at=at, unclaimed_only=signs_in)
    except KnownUser as error:
        return BadEvent("known_user", str(error))
    return None


def _is_erased(said: Identified | Aliased, known: Mapping[str, str]) -> bool:
    ids = (said.user_id, said.previous_id) if isinstance(said, Aliased) else (said.user_id,)
    return any(known.get(one) == NOBODY for one in ids)
