"""Who and what: ids of users and items, and the rows that stand for them in arrays."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NewType

import numpy as np
from numpy.typing import NDArray

UserId = NewType("UserId", str)

ItemId = NewType("ItemId", str)

NO_ITEM = -1

NOBODY = frozenset(
    {
        "", "-", "--", "nan", "-nan", "null", "<null>", "(null)", "nil", "none", "(none)", "n/a",
        "na", "<na>", "#n/a", "#n/a n/a", "#na", "nat", "\\n", "(not set)", "not set", "undefined",
        "[object object]", "#ref!", "#value!", "#name?", "#null!", "1.#qnan", "-1.#ind", "1.#ind",
        "00000000-0000-0000-0000-000000000000",
    }
)  # fmt: skip
"""What tools write for an id that is missing, in lower case: nobody is called so."""

MAX_ID_LENGTH = 512
"""Most characters of an id."""

DECIMAL = r"^\d+\.\d+$"
WHOLE = r"^(\d+)\.0+$"
"""A whole number that some tool made a float is the whole number."""

LOST = r"^\d([.,]\d+)?[eE]\+\d+$"
"""Digits of an id that a spreadsheet threw away: many ids read the same."""

UNSEEN = "\ufeff\u200b\u200e\u200f\u2060"
"""Characters without a width that copying leaves at the ends of an id."""

APOSTROPHE = r"^'(\d+)$"
"""Before digits it tells a spreadsheet that they are text."""

E_MAIL = r"^[^\s@]+@[^\s@]+\.[^\s@]+$"


def identifier(text: str, *, lower_emails: bool = False) -> str:
    """Return an id in its one spelling; empty where it is a word for nobody.

    Files follow the same rule for whole columns: one that holds real decimals is no column of
    whole numbers that some tool made floats.

    Parameters
    ----------
    text : str
        As it was given.
    lower_emails : bool
        Whether addresses that differ by case only are one.
    """
    found = text.strip().strip(UNSEEN).strip()
    if found.lower() in NOBODY:
        return ""
    if found.endswith("0") and (whole := re.match(WHOLE, found)):
        return whole[1]
    if found[:1] == "'" and (digits := re.match(APOSTROPHE, found)):
        return digits[1]
    if lower_emails and "@" in found and re.match(E_MAIL, found):
        return found.lower()
    return found


SMALL = 50_000
"""Up to so many ids a dict is cheap enough for every worker, and five times as fast."""


@dataclass(frozen=True)
class IdMap:
    """A sorted set of ids; the place of an id in it is its row.

    Kept as one UTF-8 blob with offsets, so that millions of ids are memory-mapped and shared
    by all workers instead of being copied into a dict of each. Looking a row up is a bisection;
    up to ``SMALL`` ids it is a look-up in a dict, made when first used.

    Attributes
    ----------
    blob : uint8, shape (n_bytes,)
        The ids in order of their UTF-8 bytes, one after the other.
    offsets : int64, shape (n_ids + 1,)
        Where each id starts; the last entry is ``n_bytes``.
    """

    blob: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, ids: Iterable[str]) -> IdMap:
        """Return the map over the distinct `ids`, in any order."""
        encoded = sorted({identifier.encode() for identifier in ids})
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        return cls(
            blob=np.frombuffer(b"".join(encoded), np.uint8),
            offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
        )

    def __reduce__(self) -> tuple[type[IdMap], tuple[NDArray[np.uint8], NDArray[np.int64]]]:
        """Leave out what was made when first used."""
        return IdMap, (self.blob, self.offsets)

    @cached_property
    def _bytes(self) -> memoryview:
        return memoryview(self.blob.data) if len(self.blob) else memoryview(b"")

    @cached_property
    def _known(self) -> dict[str, int]:
        return {identifier: row for row, identifier in enumerate(self)}

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> str:
        start, end = self.offsets[row], self.offsets[row + 1]
        return self._bytes[start:end].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        return (self[row] for row in range(len(self)))

    def row(self, identifier: str) -> int | None:
        """Return the row of `identifier`, or None when the map does not hold it."""
        if len(self) <= SMALL:
            return self._known.get(identifier)
        wanted = identifier.encode("utf-8", "surrogatepass")
        offsets, text = self.offsets, self._bytes
        row = bisect_left(
            range(len(self)), wanted, key=lambda r: text[offsets[r] : offsets[r + 1]].tobytes()
        )
        found = row < len(self) and text[offsets[row] : offsets[row + 1]] == wanted
        return row if found else None

    def rows(self, identifiers: Iterable[str]) -> NDArray[np.int32]:
        """Return the row of each identifier, -1 where the map does not hold it."""
        known = {identifier: row for row, identifier in enumerate(self)}
        return np.fromiter((known.get(i, -1) for i in identifiers), np.int32)
