"""Weights of a linear score such that what was chosen ranks first among what could have been.

The conditional logit (McFadden 1974), which is the top-one loss of ListNet (Cao et al. 2007):
within a list, an item is chosen with probability ``softmax(x · w)``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def fit(
    x: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    starts: NDArray[np.int64],
    *,
    ridge: float,
    among: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Return the weights that make the chosen items of all lists most likely.

    Every list counts alike, whatever its length; within it, so do its chosen items.

    Parameters
    ----------
    x : float64, shape (n, n_features)
        The items of all lists, one after the other.
    chosen : bool, shape (n,)
        Lists without any chosen item say nothing.
    starts : int64, shape (n_lists,)
        Where each list starts; ascending, the first is 0.
    ridge : float
        Penalty on the squared weights of standardised features.
    among : bool, shape (n,), or None
        Some items that are judged a second time among themselves, at half the say: for part
        lists that are asked for alone.

    Returns
    -------
    float64, shape (n_features,)
        Zeros when nothing was chosen.
    """
    from scipy.optimize import minimize

    if not chosen.any():
        return np.zeros(x.shape[1])
    scale = x.std(axis=0)
    scale[scale == 0] = 1.0
    scaled = x / scale
    parts = [(np.ones(len(x), bool), 1.0)]
    if among is not None and (chosen & among).any():
        parts.append((among, 0.5))

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        score = scaled @ weights
        total, slope = ridge * weights @ weights, 2 * ridge * weights
        for mask, say in parts:
            value, residual = _surprise(np.where(mask, score, -np.inf), chosen & mask, starts)
            total = total + say * value
            slope = slope + say * (residual @ scaled)
        return float(total), slope

    solution = minimize(
        loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 150}
    )
    return np.asarray(solution.x / scale, np.float64)


def _surprise(
    score: NDArray[np.float64], chosen: NDArray[np.bool_], starts: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
    """Return the mean negative log-likelihood of the lists, and its slope in each score."""
    sizes = np.diff(np.append(starts, len(score)))
    count = np.add.reduceat(chosen, starts, dtype=np.int64)
    informative = np.maximum(int((count > 0).sum()), 1)
    highest = np.maximum.reduceat(score, starts)
    odds = np.exp(score - np.repeat(np.where(np.isfinite(highest), highest, 0.0), sizes))
    norm = np.add.reduceat(odds, starts)
    share = odds / np.repeat(np.where(norm > 0, norm, 1.0), sizes)
    target = chosen / np.repeat(np.maximum(count, 1), sizes)
    value = -(target[chosen] * np.log(np.maximum(share[chosen], 1e-300))).sum() / informative
    residual = (share * np.repeat(count > 0, sizes) - target) / informative
    return float(value), residual
