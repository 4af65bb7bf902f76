"""Where values lie in a drawing, and where its ticks are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

_STEPS = (1.0, 2.0, 5.0, 10.0)
_MOST_TICKS = 3


@dataclass(frozen=True, slots=True)
class Axis:
    """A straight line from `low` at 0 to `high` at `length`."""

    low: float
    high: float
    length: float

    @classmethod
    def over(cls, values: Iterable[float], *, length: float) -> Self:
        """Return the axis on which all values lie, and a little more on both sides."""
        found = list(values)
        low, high = min(found), max(found)
        more = (high - low or abs(high) or 1.0) * 0.06
        return cls(low - more, high + more, length)

    def at(self, value: float) -> float:
        """Return where a value lies, rounded to what a screen can show."""
        share = (value - self.low) / (self.high - self.low)
        return round(min(1.0, max(0.0, share)) * self.length, 1)

    @property
    def ticks(self) -> list[float]:
        """Round numbers on the axis, at most a few, ascending."""
        step = _step((self.high - self.low) / _MOST_TICKS)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [round(n * step, 12) for n in range(first, last + 1)]


def _step(least: float) -> float:
    magnitude = 10.0 ** math.floor(math.log10(least))
    return next(s * magnitude for s in _STEPS if s * magnitude >= least * 0.999)
