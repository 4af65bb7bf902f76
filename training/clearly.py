"""Whether something is clearly better, and not by chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.config import Training
from recsys.evaluation.estimate import bootstrap_mean


def clearly_above(
    figure: NDArray[np.float64], other: NDArray[np.float64], settings: Training
) -> bool:
    """Return whether the whole interval of the mean difference is above zero.

    Parameters
    ----------
    figure, other : float64, shape (n_users,)
        Of the same users; NaN for who has no figure.
    settings : Training
        How the interval is made. With fewer than two users nothing is clear.
    """
    gain = figure - other
    estimate = bootstrap_mean(
        gain[~np.isnan(gain)],
        seed=settings.seed,
        resamples=settings.resamples,
        confidence=settings.confidence,
    )
    return estimate is not None and estimate.low > 0
