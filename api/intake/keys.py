"""Who may send events: keys of which only the SHA-256 is known here."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest

from fastapi import Request

from recsys.errors import WrongKey


class Keys:
    """The keys that are accepted; none configured: anybody may.

    Parameters
    ----------
    hashes : sequence of str
        SHA-256 of each key, in hexadecimal.
    """

    def __init__(self, hashes: Sequence[str]) -> None:
        self._hashes = tuple(hashes)

    def check(self, request: Request) -> None:
        """Refuse a request without an accepted key.

        Raises
        ------
        WrongKey
            Keys are configured, and none of them is the user name of HTTP Basic, the token of
            ``Authorization: Bearer`` or the value of ``X-API-Key``.
        """
        if not self._hashes:
            return
        given = _given(request)
        found = sha256(given.encode()).hexdigest()
        if not given or not any(compare_digest(found, known) for known in self._hashes):
            raise WrongKey(missing=not given)


def _given(request: Request) -> str:
    scheme, _, said = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return said.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(said, validate=True).decode().partition(":")[0]
        except (Error, UnicodeDecodeError):
            return ""
    return request.headers.get("x-api-key", "")
