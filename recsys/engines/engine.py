"""What every engine does, and the one that does it all in this process."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

Shared = TypeVar("Shared")
Part = TypeVar("Part")
Result = TypeVar("Result")

Progress = Callable[[str], None]
Later = Callable[[Progress], Result]
"""Waits for what was begun and returns it; told in words what it is busy with meanwhile."""

KILOBYTE = 1 if sys.platform == "darwin" else 1_024
"""What the kernel counts the peak of a process in."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process used of its machine: the most memory it ever held, and processor time."""

    peak_bytes: int
    cpu_seconds: float

    @classmethod
    def own(cls) -> Usage:
        """Return that of this process."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILOBYTE
        return cls(peak, time.process_time())

    @classmethod
    def total(cls, parts: Iterable[Usage]) -> Usage:
        """Add up what several processes used."""
        every = list(parts)
        peak = sum(each.peak_bytes for each in every)
        return cls(peak, sum(each.cpu_seconds for each in every))


class Engine(Protocol):
    """Does work that falls into independent parts.

    The parts follow from the data, never from the engine, and come back in their order: whatever
    is added up or joined then has the same bits on any engine.
    """

    @property
    def used(self) -> Usage:
        """What this process and its workers used until now, added up."""

    def each(
        self, work: Callable[[Shared, Part], Result], shared: Shared, parts: Sequence[Part]
    ) -> Iterator[Result]:
        """Yield what comes of each part, in their order.

        Parameters
        ----------
        work : callable
            A function of a module; it changes nothing of what it is given.
        shared : object
            What all parts need; its arrays are read-only for the work.
        parts : sequence
            Each small.
        """

    def aside(self, work: Callable[[Shared, Progress], Result], shared: Shared) -> Later[Result]:
        """Begin something that nothing else waits for; call what is returned for its result."""


class Memory:
    """Everything in this process, one thing after the other; see :class:`Engine`."""

    @property
    def used(self) -> Usage:
        """What this process used until now."""
        return Usage.own()

    def each(
        self, work: Callable[[Shared, Part], Result], shared: Shared, parts: Sequence[Part]
    ) -> Iterator[Result]:
        """Yield what comes of each part."""
        return (work(shared, part) for part in parts)

    def aside(self, work: Callable[[Shared, Progress], Result], shared: Shared) -> Later[Result]:
        """Put it off until its result is asked for."""
        return lambda progress: work(shared, progress)
