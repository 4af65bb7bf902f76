"""The files of the list protocols: what each user took."""

from __future__ import annotations

from pathlib import Path

from recsys.errors import UnreadableFile
from training.benchmark.text import read_lines

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
        Missing, empty, binary or broken, or a line with a user alone.
    """
    sequences = read_baskets(path)
    for user, items in sequences.items():
        if not items:
            raise UnreadableFile(path, f"user {user!r} has no items; a line is `user item …`")
    return sequences
