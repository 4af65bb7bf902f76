"""Several variants or metrics at once: p-values that may be read together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values that keep the chance of any false one below alpha (Holm 1979)."""
    found = np.asarray(p, np.float64)
    order = np.argsort(found, kind="stable")
    steps = np.maximum.accumulate(found[order] * np.arange(len(found), 0, -1))
    return _back(order, steps)


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Return p-values of which a share of alpha is false below alpha (their paper of 1995)."""
    found = np.asarray(p, np.float64)
    order = np.argsort(found, kind="stable")
    raised = found[order] * len(found) / np.arange(1, len(found) + 1)
    return _back(order, np.minimum.accumulate(raised[::-1])[::-1])


def _back(order: NDArray[np.intp], adjusted: NDArray[np.float64]) -> list[float]:
    placed = np.empty(len(order))
    placed[order] = np.minimum(1.0, adjusted)
    return [float(one) for one in placed]
