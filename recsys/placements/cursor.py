"""Cursors: the next page of a list that was frozen, and nobody's guess."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import NamedTuple

from recsys.data.times import SECOND
from recsys.errors import BadQuery

KEPT_MINUTES = 30
KEPT = KEPT_MINUTES * 60 * SECOND
"""How long a frozen list is kept after a page of it was asked for, microseconds."""

_SHAPE = re.compile(r"([0-9a-f-]{36})\.(\d{1,4})\.(\d{1,4})\.([0-9a-f]{32})")


class PageCursor(NamedTuple):
    """Where a page begins: its list, how many items came before, how many come, and the proof."""

    list_id: str
    offset: int
    limit: int
    mac: str

    def __str__(self) -> str:
        return f"{self.list_id}.{self.offset}.{self.limit}.{self.mac}"

    def signed_by(self, secret: str) -> bool:
        """Return whether this service gave it out for the list with that secret."""
        return hmac.compare_digest(self.mac, _mac(secret, self))


def sign(secret: str, list_id: str, offset: int, limit: int) -> PageCursor:
    """Return the cursor of a list for the `limit` items that come after its first `offset`."""
    unsigned = PageCursor(list_id, offset, limit, "")
    return unsigned._replace(mac=_mac(secret, unsigned))


def read(said: str) -> PageCursor:
    """Return the cursor that a request hands in; who signed it is not known yet.

    Raises
    ------
    BadQuery
        It is none.
    """
    found = _SHAPE.fullmatch(said)
    if found is None:
        raise refused(said)
    return PageCursor(found[1], int(found[2]), int(found[3]), found[4])


def refused(said: str) -> BadQuery:
    """Return the error for what is no cursor of ours."""
    return BadQuery("cursor", said, "next_cursor of the page before, as it was answered")


def _mac(secret: str, cursor: PageCursor) -> str:
    about = f"{cursor.list_id}.{cursor.offset}.{cursor.limit}".encode()
    return hmac.new(secret.encode(), about, hashlib.sha256).hexdigest()[:32]
