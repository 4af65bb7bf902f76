"""The files of the list protocols: what each user took."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

from recsys.errors import UnreadableFile
from training.benchmark.text import read_lines

RATED = (3, 4)
"""Fields of a line of ratings: user, item, perhaps a rating, time."""

TIME = re.compile(r"1?\d{9}(\d{3})?(\.\d+)?")
"""Seconds or milliseconds since the epoch, from 1973 on."""

Baskets = dict[str, list[str]]
"""The items of each user, in the order of the file; users in the order of first sight."""


def read_baskets(path: Path) -> Baskets:
    """Read ``user item item …`` a line, split at white space; a user without items has none.

    Raises
    ------
    UnreadableFile
        Missing, empty, binary or broken.
    """
    baskets: Baskets = {}
    for _, line in read_lines(path):
        user, *items = line.split()
        baskets.setdefault(user, []).extend(items)
    return baskets


def read_sequences(path: Path) -> Baskets:
    """Read ``user item`` a line in time order, or ``user item item …``: a sequence a line.

    Raises
    ------
    UnreadableFile
        Missing, empty, binary or broken, a line with a user alone, or a file of ratings.
    """
    sequences = read_baskets(path)
    for user, items in sequences.items():
        if not items:
            raise UnreadableFile(path, f"user {user!r} has no items; a line is `user item …`")
    if _has_times(path):
        why = (
            "every line ends in a time, as in `user item rating timestamp`, and would be read as "
            "items; a line is `user item`, in time order"
        )
        raise UnreadableFile(path, why)
    return sequences


def _has_times(path: Path) -> bool:
    """Return whether each line, but for a header, has three or four fields, the last a time."""
    lines = (line.split() for _, line in read_lines(path))
    first = next(lines)
    is_header = not any(map(str.isdigit, first[-1]))
    rated = lines if is_header else chain([first], lines)
    found = False
    for fields in rated:
        if len(fields) not in RATED or not TIME.fullmatch(fields[-1]):
            return False
        found = True
    return found
