"""What a protocol measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    readings : mapping of str to mapping of str to float
        NDCG of each ranker that was judged, by how what was held out is read.
    """

    figures: Mapping[str, float]
    measured_on: str
    chosen: str
    counts: Mapping[str, int]
    seconds: Mapping[str, float] = field(default_factory=dict)
    readings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
