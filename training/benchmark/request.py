"""What is asked of a protocol."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Request:
    """Files, and how to measure on them.

    Attributes
    ----------
    train : Path
        To learn from.
    test : Path or None
        To measure on; None: a part of the train file.
    k : int
        Length of the lists.
    predict : Path or None
        Where the lists go as CSV.
    seed : int
        Same seed, same lists.
    """

    train: Path
    test: Path | None = None
    k: int = 20
    predict: Path | None = None
    seed: int = 0
