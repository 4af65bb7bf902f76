"""What a protocol measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Steps(Protocol):
    """Where a protocol says what it is busy with."""

    def begin(self, step: str) -> None:
        """Note that a step began; the one before it is done."""

    def detail(self, text: str) -> None:
        """Note what the step at hand is busy with."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures and what they were measured on.

    Attributes
    ----------
    figures : mapping of str to float
        Such as ``NDCG@20``; higher is better.
    measured_on : str
        One sentence: which part of which file.
    chosen : str
        The hyper-parameters, and what they reached on the validation part.
    counts : mapping of str to int
        ``users``, ``items``, ``pairs`` of the train file: by these a published table is found.
    seconds : mapping of str to float
        Wall time of each phase.
    """

    figures: Mapping[str, float]
    measured_on: str
    chosen: str
    counts: Mapping[str, int]
    seconds: Mapping[str, float] = field(default_factory=dict)
