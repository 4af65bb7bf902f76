"""Device and placement of events, read batch by batch from what the log keeps of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recsys.occasions import UNSAID, Occasions, of_properties


class Reading:
    """Collects the occasions of events in order of arrival; names are numbered as they come."""

    def __init__(self) -> None:
        self._numbers: tuple[dict[str, int], dict[str, int]] = ({"": UNSAID}, {"": UNSAID})
        self._parts: tuple[list[NDArray[np.int32]], list[NDArray[np.int32]]] = ([], [])

    def add(self, properties: Sequence[str | None]) -> None:
        """Read the properties of one batch."""
        if not any(properties):
            for parts in self._parts:
                parts.append(np.full(len(properties), UNSAID, np.int32))
            return
        said = list(map(of_properties, properties))
        for place, (numbers, parts) in enumerate(zip(self._numbers, self._parts, strict=True)):
            found = (numbers.setdefault(pair[place], len(numbers) - 1) for pair in said)
            parts.append(np.fromiter(found, np.int32, len(properties)))

    def read(self) -> Occasions | None:
        """Return them, numbered by name in ascending order; None where no event says any."""
        if all(len(numbers) == 1 for numbers in self._numbers):
            return None
        (devices, device), (placements, placement) = (
            _sorted(numbers, parts)
            for numbers, parts in zip(self._numbers, self._parts, strict=True)
        )
        return Occasions(devices, placements, device, placement)


def _sorted(
    numbers: dict[str, int], parts: list[NDArray[np.int32]]
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    names = [name for name in numbers if name]
    ascending = sorted(names)
    rank = {name: place for place, name in enumerate(ascending)}
    renumbered = np.array([*(rank[name] for name in names), UNSAID], np.int32)
    return tuple(ascending), renumbered[np.concatenate(parts)]
