"""Who may do what: keys of which only the SHA-256 is known here."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING

from recsys.config import ServingSection
from recsys.errors import KeyWithoutScope, WrongKey

if TYPE_CHECKING:
    from starlette.types import Scope


class Right(StrEnum):
    """What a key opens; an admin key opens everything."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class Keys:
    """The keys that are accepted.

    What users are asked for is open until read keys are configured, what logs events until write
    keys are, and what is for admins until there is any key.

    Parameters
    ----------
    serving : ServingSection
        SHA-256 of the keys for each right, in hexadecimal.

    Attributes
    ----------
    guarded : frozenset of Right
        What needs a key.
    """

    def __init__(self, serving: ServingSection) -> None:
        named = {
            Right.READ: serving.read_keys_sha256,
            Right.WRITE: serving.write_keys_sha256,
            Right.ADMIN: serving.admin_keys_sha256,
        }
        self._known = [(bytes.fromhex(one), right) for right, of in named.items() for one in of]
        always = {Right.ADMIN} if self._known else set()
        self.guarded = frozenset({right for right in named if named[right]} | always)

    def check(self, scope: Scope, needed: Right) -> None:
        """Refuse a request that lacks the key to what it wants.

        Parameters
        ----------
        scope : Scope
            The request, as ASGI has it. A key is the user name of HTTP Basic, the token of
            ``Authorization: Bearer`` or the value of ``X-API-Key``.
        needed : Right
            What it wants.

        Raises
        ------
        WrongKey
            None was given, or one that is not known.
        KeyWithoutScope
            The key is known, and opens something else.
        """
        if needed not in self.guarded:
            return
        given = _given(scope["headers"])
        digest = sha256(given).digest()
        # All are compared, so that the time tells nothing of which one is near.
        rights = {right for known, right in self._known if compare_digest(digest, known)}
        if not given or not rights:
            raise WrongKey(needed, missing=not given)
        if needed not in rights and Right.ADMIN not in rights:
            raise KeyWithoutScope(needed, has=sorted(rights))

    def opens(self, scope: Scope, right: Right) -> bool:
        """Return whether the key of a request opens something; without any keys nothing is open."""
        if not self._known:
            return False
        try:
            self.check(scope, right)
        except (WrongKey, KeyWithoutScope):
            return False
        return True


def _given(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    said = dict(headers)
    scheme, _, token = said.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer":
        return token.strip()
    if scheme.lower() == b"basic":
        try:
            return b64decode(token, validate=True).partition(b":")[0]
        except Error:
            return b""
    return bytes(said.get(b"x-api-key", b""))
