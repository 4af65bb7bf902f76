"""What requests say of who somebody is: sign-ins and merged ids."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from recsys.errors import BadEvent, shown
from recsys.storage.users.aliases import NOBODY
from recsys.storage.users.merges import Outcome

OF_ERASED = BadEvent("erased_user", "this user was erased: nothing is kept about the id any more")
_WHY = {
    Outcome.KNOWN: "is a known user, not the id of a device",
    Outcome.CLAIMED: "is another user's already",
    Outcome.ERASED: "was erased",
}


@dataclass(frozen=True, slots=True)
class Identified:
    """What an `identify` call says of a user; only the configured trait is kept.

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


def of_erased(said: Identified | Aliased, known: Mapping[str, str]) -> bool:
    """Return whether what is said is about somebody who was erased."""
    ids = (said.user_id, said.previous_id) if isinstance(said, Aliased) else (said.user_id,)
    return any(known.get(one) == NOBODY for one in ids)


def user_hash(secret: str, user_id: str) -> str:
    """Return what proves an id: HMAC-SHA256 by the shop's secret, in hexadecimal."""
    return hmac.new(secret.encode(), user_id.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def proves(said: Identified | Aliased, secret: str, user_id: str) -> bool:
    """Return whether a call came with the proof of an id; nothing does without a secret."""
    if not (secret and said.proof):
        return False
    return hmac.compare_digest(user_hash(secret, user_id), said.proof.lower())


def not_joined(said: Identified | Aliased, outcome: Outcome) -> BadEvent | None:
    """Return why two ids are not one person, None where they are."""
    if outcome in (Outcome.MERGED, Outcome.ONE_ALREADY):
        return None
    if outcome is Outcome.ERASED and isinstance(said, Aliased):
        return OF_ERASED
    kept = "; the traits were kept" if isinstance(said, Identified) else ""
    code = Outcome.KNOWN if outcome is Outcome.KNOWN else Outcome.CLAIMED
    return BadEvent(
        str(code),
        f"{shown(said.previous_id)} {_WHY[outcome]}: nothing was moved{kept}. "
        "An admin's key or its user_hash makes them one",
    )
