"""Ids that sort by time, and ids of requests."""

from __future__ import annotations

from itertools import count
from random import Random

# Ids have to be distinct, not secret: a generator seeded by the system costs no call to it.
_RANDOM = Random()  # noqa: S311
_REQUESTS = count(_RANDOM.getrandbits(64))


def uuid7(at: int) -> str:
    """Return a version 7 UUID for the instant `at`, microseconds since the epoch (RFC 9562)."""
    random = _RANDOM.getrandbits(74)
    head = (at // 1_000 & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | random >> 62
    return _written(head << 64 | 2 << 62 | random & 0x3FFF_FFFF_FFFF_FFFF)


def uuid8(digest: bytes) -> str:
    """Return a version 8 UUID that is the same for the same digest of 16 bytes or more."""
    bits = int.from_bytes(digest[:16]) & ~(0xF << 76 | 3 << 62)
    return _written(bits | 8 << 76 | 2 << 62)


def request_id() -> str:
    """Return the id of a request that brought none: distinct among all workers."""
    return f"{next(_REQUESTS):x}"


def _written(bits: int) -> str:
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
