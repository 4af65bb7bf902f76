"""The files of the sessions protocol: JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.sessions.log import Sessions
from recsys.errors import UnreadableFile
from training.benchmark.text import read_lines

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
        for number, line in _parsed(path)
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
    for number, line in _parsed(path):
        if not (isinstance(line, dict) and {"prefix", "target"} <= line.keys()):
            raise UnreadableFile(path, f"line {number} lacks `prefix` or `target`")
        (target,) = _items(path, number, [line["target"]])
        targets.append(row.get(target, UNKNOWN))
        prefix = _items(path, number, line["prefix"])
        prefixes.append([row[item] for item in prefix if item in row])
    known = Sessions.of(prefixes, n_items=len(row))
    return TestFile(known, np.array(targets, np.int32))


def _items(path: Path, number: int, found: Any) -> list[Item]:
    if not isinstance(found, list) or not all(isinstance(item, int | str) for item in found):
        raise UnreadableFile(path, f"line {number} is not a list of item numbers or names")
    return found


def _parsed(path: Path) -> Iterator[tuple[int, Any]]:
    for number, line in read_lines(path):
        try:
            yield number, json.loads(line)
        except json.JSONDecodeError as error:
            raise UnreadableFile(path, f"line {number} is not JSON: {error}") from error
