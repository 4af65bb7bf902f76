"""What every engine does, and the one that does it all in this process."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

Shared = TypeVar("Shared")
Part = TypeVar("Part")
Result = TypeVar("Result")

Progress = Callable[[str], None]
Later = Callable[[Progress], Result]
"""Waits for what was begun and returns it; told in words what it is busy with meanwhile."""

KILOBYTE = 1 if sys.platform == "darwin" else 1_024
"""What the kernel counts the peak of a process in."""


class Engine(Protocol):
    """Does work that falls into independent parts.

    The parts follow from the data, never from the engine, and come back in their order: whatever
    is added up or joined then has the same bits on any engine.
    """

    @property
    def peak_bytes(self) -> int:
        """Most memory that this process and its workers ever held, added up."""

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


def own_peak() -> int:
    """Return the most memory that this process ever held, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILOBYTE


class Memory:
    """Everything in this process, one thing after the other; see :class:`Engine`."""

    @property
    def peak_bytes(self) -> int:
        """Most memory that this process ever held."""
        return own_peak()

    def each(
        self, work: Callable[[Shared, Part], Result], shared: Shared, parts: Sequence[Part]
    ) -> Iterator[Result]:
        """Yield what comes of each part."""
        return (work(shared, part) for part in parts)

    def aside(self, work: Callable[[Shared, Progress], Result], shared: Shared) -> Later[Result]:
        """Put it off until its result is asked for."""
        return lambda progress: work(shared, progress)
