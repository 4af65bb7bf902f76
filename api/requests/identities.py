"""What requests say of who somebody is: sign-ins and merged ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recsys.errors import BadEvent

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
