"""The item graph: by which rule items are near each other."""

from __future__ import annotations

from recsys.algorithms import neighbours, spectral
from recsys.algorithms.histories import Histories
from recsys.algorithms.neighbours import ItemNeighbours, NeighbourSettings
from recsys.algorithms.spectral import SpectralSettings

GraphSettings = NeighbourSettings | SpectralSettings


def fit_graph(histories: Histories, settings: GraphSettings, *, seed: int) -> ItemNeighbours:
    """Fit the item graph; similarities in units in which items are similar to themselves by 1."""
    if isinstance(settings, SpectralSettings):
        return spectral.fit(histories, settings, seed=seed)
    return neighbours.fit(histories, settings)
