"""What other rankers would have earned at the drawn places of logged lists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.estimate import Estimate, NotMeasured, bootstrap_mean


def list_value(
    shown: NDArray[np.int32],
    wanted: NDArray[np.int32],
    *,
    pscore: NDArray[np.float64],
    reward: NDArray[np.float64],
    unit: NDArray[np.int64],
    seed: int = 0,
) -> Estimate | NotMeasured:
    """Estimate what a ranker earns a unit at drawn places, by inverse probability (IPS).

    The mean over units of Σ reward · 1[shown = wanted] / pscore: without bias where the reward of
    a place hangs on its own item and on the place, and the ranker puts only items of the draw
    there (Li et al. 2018, section 3, item-position model).

    Parameters
    ----------
    shown, wanted : int32, shape (n_places,)
        The item that stood at each drawn place, and the one that the ranker would put there.
    pscore : float64, shape (n_places,)
        Probability of `shown` there, as logged, in (0, 1].
    reward : float64, shape (n_places,)
        What came of it: 1 for a click.
    unit : int64, shape (n_places,)
        The user, or the list, from 0 without gaps: what is independent.
    seed : int
        Of the interval.

    Returns
    -------
    Estimate or NotMeasured
        NotMeasured where a probability is missing, the ranker agrees with no place, or there are
        fewer than two units.
    """
    if not ((pscore > 0) & (pscore <= 1)).all():
        return NotMeasured("a place has no probability between 0 and 1")
    agrees = shown == wanted
    if not agrees.any():
        return NotMeasured("the ranker wants no item at the place where it stood")
    won = np.where(agrees, reward / pscore, 0.0)
    earned = np.bincount(unit, weights=won).astype(np.float64)
    found = bootstrap_mean(earned, seed=seed)
    return found or NotMeasured("fewer than two units")
