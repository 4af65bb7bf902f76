"""How well an order of users gathers at its top those who spend most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def normalised_gini(seen: Floats, predicted: Floats) -> float | None:
    """Return the Gini of what was seen, ranked by what was predicted, over that of perfect ranking.

    Parameters
    ----------
    seen : float64, shape (n,)
        Money spent.
    predicted : float64, shape (n,)
        Money expected; ties stay in the given order.

    Returns
    -------
    float or None
        1 is perfect, 0 is chance; None where nothing was spent, or by everybody the same.
    """
    best = gini(seen, seen) if seen.sum() > 0 else 0.0
    return gini(seen, predicted) / best if best > 0 else None


def gini(seen: Floats, predicted: Floats) -> float:
    """Return how far the share of the top ranked lies above their number."""
    reached = np.cumsum(seen[np.argsort(-predicted, kind="stable")]) / seen.sum()
    return float(reached.mean() - (len(seen) + 1) / (2 * len(seen)))
