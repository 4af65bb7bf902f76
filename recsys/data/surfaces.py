"""On what occasion something happens: on which device, and in which placement."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MOST_CHARACTERS = 64
UNSAID = -1
DEVICE, PLACEMENT = "device", "placement"


def plain(said: object) -> str:
    """Return a device or placement in one spelling: lower case; empty for what is no text."""
    return said.strip().lower()[:MOST_CHARACTERS] if isinstance(said, str) else ""


@lru_cache(4_096)
def of_properties(properties: str | None) -> tuple[str, str]:
    """Return device and placement in the properties of an event; empty where not said."""
    if not properties:
        return "", ""
    try:
        found = json.loads(properties)
    except ValueError:
        return "", ""
    return _said(found) if isinstance(found, dict) else ("", "")


def _said(found: Mapping[str, object]) -> tuple[str, str]:
    return plain(found.get(DEVICE)), plain(found.get(PLACEMENT))


@dataclass(frozen=True, slots=True)
class Occasions:
    """Device and placement of each event of a table.

    Attributes
    ----------
    devices, placements : tuple of str
        What the numbers mean, ascending.
    device, placement : int32, shape (n,)
        Number of each event's; ``UNSAID`` where it says none.
    """

    devices: tuple[str, ...]
    placements: tuple[str, ...]
    device: NDArray[np.int32]
    placement: NDArray[np.int32]

    def where(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Occasions:
        """Return those of some events, marked or in another order."""
        device, placement = self.device[keep], self.placement[keep]
        return Occasions(self.devices, self.placements, device, placement)

    def names(self, event: int) -> tuple[str, str]:
        """Return device and placement of one event; empty where not said."""
        device, placement = int(self.device[event]), int(self.placement[event])
        return (
            "" if device == UNSAID else self.devices[device],
            "" if placement == UNSAID else self.placements[placement],
        )
