"""Lines in and lists out, gzip or not: what the files of all protocols have in common."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path

from recsys.errors import UnreadableFile

GZIP = b"\x1f\x8b"
"""What a gzip file begins with, whatever its name."""


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, with their numbers from 1; a byte order mark is dropped.

    Raises
    ------
    UnreadableFile
        Missing, broken, not UTF-8, or without such a line.
    """
    found = False
    try:
        with path.open("rb") as file:
            zipped = file.read(len(GZIP)) == GZIP
        with (gzip.open if zipped else open)(path, "rt", encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if not line.isspace():
                    found = True
                    yield number, line
    except UnicodeDecodeError as error:
        raise UnreadableFile(path, "not UTF-8 text") from error
    except (OSError, EOFError) as error:
        raise UnreadableFile(path, getattr(error, "strerror", None) or str(error)) from error
    if not found:
        raise UnreadableFile(path, "no lines in it")


def write_lists(path: Path, users: Iterable[object], lists: Iterable[Iterable[object]]) -> None:
    """Write ``user,rank,item`` with ranks from 1, users in the order given; ``.gz`` by the name."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("user", "rank", "item"))
        for user, items in zip(users, lists, strict=True):
            writer.writerows((user, rank, item) for rank, item in enumerate(items, start=1))
