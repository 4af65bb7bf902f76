"""What the hour, and other things, do to the log odds of a response."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HOUR_STEP_SD = 0.15
EFFECT_SD = 1.0
STEPS = 20
SMALLEST_STEP = 1e-7

Reals = NDArray[np.float64]


class Prior(NamedTuple):
    """What is believed of an effect beforehand."""

    mean: float = 0.0
    sd: float = EFFECT_SD


def mode(
    hour: NDArray[np.int64],
    others: Reals,
    offset: Reals,
    responded: NDArray[np.bool_],
    priors: tuple[Prior, ...],
) -> tuple[Reals, Reals]:
    """Return the effects of the 24 hours and those of `others`, at their posterior mode.

    Parameters
    ----------
    hour : int64, shape (n,)
        When each message was sent, 0 to 23.
    others : float64, shape (n, k)
        What else may move the odds, one column each.
    offset : float64, shape (n,)
        Log odds without any effect.
    responded : bool, shape (n,)
        Whether a response came.
    priors : tuple of Prior, length k
        Of the effects of `others`.

    Returns
    -------
    float64, shape (24,), and float64, shape (k,)
        Priors where there are no messages.

    Notes
    -----
    Logistic regression by Newton's steps, halved where one leads too far. Neighbouring hours
    differ by N(0, .15²) around the clock, so that hours without messages lie between their
    neighbours; each is N(0, 1).
    """
    design = np.hstack([np.zeros((len(hour), 24)), others])
    design[np.arange(len(hour)), hour] = 1
    around = np.eye(24) - np.roll(np.eye(24), 1, axis=0)
    sd = np.concatenate([np.full(24, EFFECT_SD), [prior.sd for prior in priors]])
    precision = np.diag(1 / sd**2)
    precision[:24, :24] += around.T @ around / HOUR_STEP_SD**2
    believed = np.concatenate([np.zeros(24), [prior.mean for prior in priors]])

    def posterior(effects: Reals) -> float:
        odds, away = offset + design @ effects, effects - believed
        fits = float(responded @ odds - np.logaddexp(0, odds).sum())
        return fits - float(away @ precision @ away) / 2

    effects, reached = believed, posterior(believed)
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(offset + design @ effects, -30, 30)))
        gradient = design.T @ (responded - p) - precision @ (effects - believed)
        curvature = (design * (p * (1 - p))[:, None]).T @ design + precision
        step = np.linalg.solve(curvature, gradient)
        # Far from the mode a whole step can lead away from it.
        while (there := posterior(effects + step)) < reached and np.abs(step).max() > SMALLEST_STEP:
            step /= 2
        if np.abs(step).max() <= SMALLEST_STEP:
            break
        effects, reached = effects + step, there
    return effects[:24], effects[24:]
