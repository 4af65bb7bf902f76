"""What became of model versions, one JSON line each; only ever appended to."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import orjson


class Act(StrEnum):
    """What was done with a version."""

    REGISTER = "register"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    REFUSE = "refuse"
    PRUNE = "prune"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was done, when (microseconds since the epoch) and why."""

    act: Act
    version: str
    manifest_sha256: str
    at: int
    why: str


def append(path: Path, line: Line) -> None:
    """Add a line, durably; a line torn by a killed run is closed first."""
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            torn = file.read(1) != b"\n"
        else:
            torn = False
        file.write((b"\n" if torn else b"") + orjson.dumps(asdict(line)) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> tuple[Line, ...]:
    """Return all lines, oldest first; none where there is no file. Torn lines are left out."""
    if not path.exists():
        return ()
    return tuple(line for text in path.read_bytes().splitlines() if (line := parsed(text)))


def lineage(lines: Iterable[Line], champion: str | None) -> tuple[str, ...]:
    """Return the champions that led to the one at present, which comes last.

    Going back takes what was gone back from out of the lineage, so that going back twice goes two
    champions back. The pointer to the champion is written before the history: when they disagree,
    a run was killed in between, and the pointer is right.
    """
    reached: list[str] = []
    for line in lines:
        if line.act is Act.PROMOTE:
            reached = _advanced(reached, line.version)
        elif line.act is Act.ROLLBACK:
            reached = _returned(reached, line.version)
    if champion is not None and reached[-1:] != [champion]:
        reached = _returned(reached, champion)
    return tuple(reached)


def _advanced(reached: list[str], version: str) -> list[str]:
    return reached if reached[-1:] == [version] else [*reached, version]


def _returned(reached: list[str], version: str) -> list[str]:
    if version not in reached:
        return [*reached, version]
    return reached[: len(reached) - reached[::-1].index(version)]


def parsed(text: bytes) -> Line | None:
    """Return a line, None where it is none."""
    try:
        fields = orjson.loads(text)
        return Line(**{**fields, "act": Act(fields["act"])})
    except (ValueError, TypeError, KeyError):
        return None
