"""Whether a log can tell what another policy would have earned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.estimate import NotMeasured

MIN_ROWS = 1_000
MIN_EFFECTIVE = 200
MIN_EFFECTIVE_SHARE = 0.05
MAX_DEVIATIONS = 3.0


def effective_size(weight: NDArray[np.float64]) -> float:
    """Return (Σw)² / Σw², the rows of equal weight that would tell as much (Kish 1965).

    0 where all weights, shape (n,), are 0.
    """
    return float(weight.sum() ** 2 / max((weight**2).sum(), 1e-300))


def clustered_error(influence: NDArray[np.float64], user_row: NDArray[np.int32]) -> float:
    """Return the standard error of the mean of `influence`, shape (n,), clustered by user.

    √(G/(G-1) · Σ_g (Σ_{i in g} ψ_i)²) / n over G users (Liang & Zeger 1986), with ψ centred on its
    mean: rows of one user may depend on each other in any way. NaN with fewer than two users.
    """
    _, user_number = np.unique(user_row, return_inverse=True)
    sums = np.bincount(user_number, influence - influence.mean())
    if len(sums) < 2:
        return float("nan")
    return float(np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()) / len(influence))


def few_rows(pscore: NDArray[np.float64]) -> NotMeasured | None:
    """Return why a log of these pscores, shape (n,), tells nothing; None when it may.

    Asked for are 1,000 rows and a pscore in each.
    """
    if len(pscore) < MIN_ROWS:
        return NotMeasured(f"{len(pscore):,} held-out decisions, at least {MIN_ROWS:,} needed")
    unknown = int(np.isnan(pscore).sum())
    if unknown:
        return NotMeasured(f"{unknown:,} of {len(pscore):,} decisions without their pscore")
    return None


def thin_overlap(
    weight: NDArray[np.float64], user_row: NDArray[np.int32] | None = None
) -> NotMeasured | None:
    """Return why weights, shape (n,), do not carry a policy value; None when they do.

    Asked for are an effective sample of max(200, 5 %) and a mean weight of 1 within three standard
    errors, clustered by user where `user_row` is given: otherwise the logged probabilities are not
    those that were used.
    """
    effective = effective_size(weight)
    needed = max(MIN_EFFECTIVE, MIN_EFFECTIVE_SHARE * len(weight))
    if effective < needed:
        return NotMeasured(f"effective sample of {effective:,.0f}, at least {needed:,.0f} needed")
    rows = np.arange(len(weight), dtype=np.int32) if user_row is None else user_row
    error = np.nan_to_num(clustered_error(weight, rows))
    if abs(weight.mean() - 1) > MAX_DEVIATIONS * error + 1e-9:
        return NotMeasured(f"weights average {weight.mean():.3f}: the logged pscores do not hold")
    return None
