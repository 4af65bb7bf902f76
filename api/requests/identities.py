"""What requests say of who somebody is: sign-ins and merged ids."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from api.model.served import Current
from api.runtime.clock import Clock
from recsys.data.ids import IdMap
from recsys.errors import BadEvent, StoreUnavailable, shown
from recsys.storage.database.interface import Database
from recsys.storage.users import aliases, merges
from recsys.storage.users.aliases import NOBODY
from recsys.storage.users.merges import MergeOutcome
from recsys.storage.users.profiles import Profiles

OF_ERASED = BadEvent("erased_user", "this user was erased: nothing is kept about the id any more")
UNPROVEN = BadEvent(
    "unproven_user",
    "this is a known user, and anybody has the key of a page: it takes user_hash to speak as one",
)
_WHY = {
    MergeOutcome.KNOWN: "is a known user, not the id of a device",
    MergeOutcome.CLAIMED: "is another user's already",
    MergeOutcome.ERASED: "was erased",
}


@dataclass(frozen=True, slots=True)
class Identified:
    """What an `identify` call says of a user; only the configured traits are kept.

    ``previous_id`` is the anonymous id that the user had until then; empty where none is said.
    ``anonymous`` is whether no user was named, and ``user_id`` is the id of a device.
    """

    user_id: str
    traits: Mapping[str, str]
    timezone: str
    previous_id: str = ""
    proof: str = ""
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Aliased:
    """What an `alias` call says: one id became another user."""

    previous_id: str
    user_id: str
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Identities:
    """Who is who, as the store and the serving model know it.

    Attributes
    ----------
    database : Database
        Where ids and traits are kept.
    profiles : Profiles
        Takes their traits.
    current : Current
        Whom the serving model knows.
    clock : Clock
        When ids become one.
    secret : str
        By which ids are proved; empty: none is.
    """

    database: Database
    profiles: Profiles
    current: Current
    clock: Clock
    secret: str

    def record(
        self, said: Sequence[Identified | Aliased], *, admin: str = ""
    ) -> list[BadEvent | None]:
        """Keep what is said of users, and return for each what was not done; runs in a thread.

        Nothing is kept about who was erased. Who signs in takes the history of the device along;
        an id that is somebody's is given to another only with a proof or by an admin, whose name
        `admin` is, and refusing that costs the one call only.

        Raises
        ------
        StoreUnavailable
            What comes later in `said` was not kept.
        """
        ids = {i for who in said for i in (who.user_id, who.previous_id)}
        known = aliases.became(self.database, ids)
        both = [(who, OF_ERASED if of_erased(who, known) else None) for who in said]
        people = [who for who, why in both if why is None and isinstance(who, Identified)]
        self.profiles.put_users(
            ((who.user_id, who.traits, who.timezone) for who in people),
            anonymous={who.user_id for who in people if who.anonymous},
        )
        return [why or self._joined(who, admin=admin) for who, why in both]

    def people(
        self, user_ids: IdMap | Sequence[str], *, as_named: bool = False
    ) -> IdMap | Sequence[str]:
        """Return the users that a list may have, each once: not the erased, nor former ids.

        `as_named` keeps the ids of those who were named, whoever they became.

        Raises
        ------
        StoreUnavailable
            Who was erased or became whom is not known.
        """
        became = aliases.everybody(self.database)
        if not became:
            return user_ids
        if as_named:
            return [user for user in user_ids if became.get(user) != NOBODY]
        owners = (became.get(user, user) for user in user_ids)
        return [user for user in dict.fromkeys(owners) if user != NOBODY]

    def may_speak(self, user_id: str, proof: str) -> bool:
        """Return whether somebody with a public key may speak as a user.

        With a proof, or as nobody known; without a store nobody knows who is.
        """
        if is_proof(self.secret, user_id, proof):
            return True
        try:
            return not merges.is_known(self.database, user_id, trained=self._trained)
        except StoreUnavailable:
            return False

    def _joined(self, who: Identified | Aliased, *, admin: str) -> BadEvent | None:
        """Make two ids one person, and return why they are not; None too where only one is said."""
        if not who.previous_id:
            return None
        outcome = merges.merge(
            self.database,
            who.previous_id,
            who.user_id,
            at=self.clock(),
            authority=merges.Authority(
                allowed=merges.anybody if admin else partial(proves, who, self.secret),
                trained=self._trained,
                by=admin,
            ),
        )
        return not_joined(who, outcome)

    def _trained(self, user_id: str) -> bool:
        if self.current.version is None:
            return False
        return self.current.serving.answering.bundle.interactions.users.row(user_id) is not None


def of_erased(said: Identified | Aliased, known: Mapping[str, str]) -> bool:
    """Return whether what is said is about somebody who was erased."""
    ids = (said.user_id, said.previous_id) if isinstance(said, Aliased) else (said.user_id,)
    return any(known.get(one) == NOBODY for one in ids)


def user_hash(secret: str, user_id: str) -> str:
    """Return what proves an id: HMAC-SHA256 by the shop's secret, in hexadecimal."""
    return hmac.new(secret.encode(), user_id.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def proves(said: Identified | Aliased, secret: str, user_id: str) -> bool:
    """Return whether a call came with the proof of an id; nothing does without a secret."""
    return is_proof(secret, user_id, said.proof)


def is_proof(secret: str, user_id: str, proof: str) -> bool:
    """Return whether this is the proof of an id; nothing is without a secret."""
    if not (secret and proof):
        return False
    expected = user_hash(secret, user_id).encode()
    return hmac.compare_digest(expected, proof.lower().encode("utf-8", "replace"))


def not_joined(said: Identified | Aliased, outcome: MergeOutcome) -> BadEvent | None:
    """Return why two ids are not one person, None where they are."""
    if outcome in (MergeOutcome.MERGED, MergeOutcome.ONE_ALREADY):
        return None
    if outcome is MergeOutcome.ERASED and isinstance(said, Aliased):
        return OF_ERASED
    kept = "; the traits were kept" if isinstance(said, Identified) else ""
    code = MergeOutcome.KNOWN if outcome is MergeOutcome.KNOWN else MergeOutcome.CLAIMED
    return BadEvent(
        str(code),
        f"{shown(said.previous_id)} {_WHY[outcome]}: nothing was moved{kept}. "
        "An admin's key or its user_hash makes them one",
    )
