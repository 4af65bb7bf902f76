"""The files of the sessions protocol: JSON lines, gzip or not."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.session_log import Sessions
from recsys.errors import UnreadableFile

UNKNOWN = -1
"""The row of a target that no training session holds: it cannot be ranked, and counts as missed."""

Item = int | str


@dataclass(frozen=True, slots=True)
class TrainFile:
    """Sessions to learn from.

    Attributes
    ----------
    sessions : Sessions
        In the order of the file: the oldest first.
    items : tuple of int or str
        What each item row is called in the file, in order of first sight.
    """

    sessions: Sessions
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class TestFile:
    """Beginnings of sessions and what came next.

    Attributes
    ----------
    prefixes : Sessions
        Without the items that no training session holds; may be empty.
    targets : int32, shape (n_prefixes,)
        Item rows, or `UNKNOWN`.
    """

    prefixes: Sessions
    targets: NDArray[np.int32]


def read_train(path: Path) -> TrainFile:
    """Read a list of items a line, in the order of the session.

    Raises
    ------
    UnreadableFile
        Missing, empty or broken, or a line that is not a list of items.
    """
    row: dict[Item, int] = {}
    clicks = [
        [row.setdefault(item, len(row)) for item in _items(path, number, line)]
        for number, line in _lines(path)
    ]
    return TrainFile(Sessions.of(clicks, n_items=len(row)), tuple(row))


def read_test(path: Path, train: TrainFile) -> TestFile:
    """Read ``{"prefix": [item, …], "target": item}`` a line.

    Raises
    ------
    UnreadableFile
        Missing, empty or broken, or a line without prefix or target.
    """
    row = {item: place for place, item in enumerate(train.items)}
    prefixes, targets = [], []
    for number, line in _lines(path):
        if not (isinstance(line, dict) and {"prefix", "target"} <= line.keys()):
            raise UnreadableFile(path, f"line {number} lacks `prefix` or `target`")
        (target,) = _items(path, number, [line["target"]])
        targets.append(row.get(target, UNKNOWN))
        prefix = _items(path, number, line["prefix"])
        prefixes.append([row[item] for item in prefix if item in row])
    known = Sessions.of(prefixes, n_items=len(row))
    return TestFile(known, np.array(targets, np.int32))


def write_lists(path: Path, lists: Iterable[Iterable[int]], items: tuple[Item, ...]) -> None:
    """Write ``user,rank,item``: user is the line of the test file and rank counts from 1."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("user", "rank", "item"))
        for line, rows in enumerate(lists, start=1):
            writer.writerows((line, rank, items[row]) for rank, row in enumerate(rows, start=1))


def _items(path: Path, number: int, found: Any) -> list[Item]:
    if not isinstance(found, list) or not all(isinstance(item, int | str) for item in found):
        raise UnreadableFile(path, f"line {number} is not a list of item numbers or names")
    return found


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    number = 0
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with (gzip.open if zipped else open)(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                yield number, json.loads(line)
    except json.JSONDecodeError as error:
        raise UnreadableFile(path, f"line {number} is not JSON: {error}") from error
    except UnicodeDecodeError as error:
        raise UnreadableFile(path, "not UTF-8 text") from error
    except (OSError, EOFError) as error:
        raise UnreadableFile(path, getattr(error, "strerror", None) or str(error)) from error
    if not number:
        raise UnreadableFile(path, "no lines in it")
