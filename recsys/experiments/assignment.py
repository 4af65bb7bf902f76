"""Who gets which variant: a hash of a salt and an id, the same in every worker and after restarts.

The bucket of an id is ``int(SHA-256(salt + "." + id)[:8 bytes], big-endian) mod 10,000``. Each
variant owns a range of buckets that begins where its weight says and is as long as the coverage
allows, so that more coverage adds people and moves nobody who is in.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import sha256

BUCKETS = 10_000
"""A bucket is a hundredth of a percent of all ids."""

SLOTS = 1_000
"""Of a layer: each belongs to one experiment at most."""


def number(salt: str, unit: str) -> int:
    """Return the number of an id under a salt, uniform in [0, 2**64).

    Ids are hashed as UTF-8; a lone surrogate, which UTF-8 does not have, is hashed as it is.
    """
    said = f"{salt}.{unit}".encode("utf-8", "surrogatepass")
    return int.from_bytes(sha256(said).digest()[:8], "big")


def bucket(salt: str, unit: str) -> int:
    """Return the bucket of an id under a salt, in [0, ``BUCKETS``).

    Examples
    --------
    >>> bucket("exp-1", "u1"), bucket("exp-1", "jörg")
    (1121, 9013)
    """
    return number(salt, unit) % BUCKETS


def slot(salt: str, unit: str) -> int:
    """Return the slot of an id in the layer that has a salt, in [0, ``SLOTS``)."""
    return number(salt, unit) % SLOTS


def new_salt() -> str:
    """Return a random salt: a name would put the same people into the same arm again."""
    return secrets.token_hex(8)


def ranges(weights: Sequence[float], coverage: float) -> tuple[tuple[int, int], ...]:
    """Return the buckets [first, last) of each variant.

    Parameters
    ----------
    weights : sequence of float
        Of the variants, in order, adding up to 1.
    coverage : float
        Share of all ids that take part, in [0, 1].
    """
    found, start = [], 0.0
    for weight in weights:
        first = round(start * BUCKETS)
        found.append((first, first + round(weight * coverage * BUCKETS)))
        start += weight
    return tuple(found)


def place(of: Sequence[tuple[int, int]], at: int) -> int | None:
    """Return which of the `ranges` has a bucket; None: the id does not take part."""
    for number_of, (first, last) in enumerate(of):
        if first <= at < last:
            return number_of
    return None
