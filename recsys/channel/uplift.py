"""What a message brings about that would not have happened without it.

Where it is known, it takes the place of the response in what an arm is worth: who buys anyway is no
reason to write to them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsys.channel.popular import PopularChannel
from recsys.channel.response import Belief
from recsys.channel.segment import SegmentChannel
from recsys.channel.terms import Terms


@dataclass(frozen=True, slots=True)
class Uplift:
    """By how much a message raises the probability of an outcome over sending nothing.

    Attributes
    ----------
    outcome : str
        Kind of interaction.
    window_days : float
        How long after a decision it counts, whatever was decided.
    value : float
        Money that one outcome is worth.
    decisions : int
        Randomised decisions behind it.
    names : tuple of str
        Segments, in the order of the segment table.
    mean, sd : float64, shape (n_segments + 1, n_channels)
        Posteriors, in probability; the last row is everybody's.
    """

    outcome: str
    window_days: float
    value: float
    decisions: int
    names: tuple[str, ...]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]

    def rungs(self, popular: PopularChannel) -> tuple[SegmentChannel, PopularChannel]:
        """Return the rungs that decide by it, highest first; who leaves is as in `popular`."""
        everybody = list(map(Belief, self.mean[-1].tolist(), self.sd[-1].tolist()))
        lowest = replace(
            popular,
            terms=self._on(popular.terms),
            n_messages=self.decisions,
            everybody=everybody,
        )
        above = SegmentChannel(
            lowest.terms,
            lowest.toll,
            lowest.simulated,
            lowest,
            self.names,
            self.mean[:-1],
            self.sd[:-1],
        )
        return above, lowest

    def _on(self, terms: Terms) -> Terms:
        outcome = f"{self.outcome} within {self.window_days:g} days"
        return replace(terms, response_value=self.value, uplift_in=outcome)
