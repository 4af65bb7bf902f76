"""The files of the published protocols, gzip or not."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path

from recsys.errors import UnreadableFile

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
    for user, *items in _lines(path):
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


def write_predictions(path: Path, users: Iterable[str], lists: Iterable[Iterable[str]]) -> None:
    """Write ``user,rank,item`` with ranks from 1, users in the order given."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("user", "rank", "item"))
        for user, items in zip(users, lists, strict=True):
            writer.writerows((user, rank, item) for rank, item in enumerate(items, start=1))


def _lines(path: Path) -> Iterator[list[str]]:
    found = False
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with (gzip.open if zipped else open)(path, "rt", encoding="utf-8-sig") as file:
            for line in file:
                if words := line.split():
                    found = True
                    yield words
    except UnicodeDecodeError as error:
        raise UnreadableFile(path, "not UTF-8 text") from error
    except (OSError, EOFError) as error:
        raise UnreadableFile(path, getattr(error, "strerror", None) or str(error)) from error
    if not found:
        raise UnreadableFile(path, "no lines in it")
