"""Bringing log-odds to the level, and the steepness, that was seen."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.additive import AdditiveModel
from recsys.churn.bgnbd_propensity import SilentModel
from recsys.churn.labels import Labelled

Calibration = Literal["none", "shift", "platt"]
CALIBRATIONS: tuple[Calibration, ...] = ("none", "shift", "platt")
Model = AdditiveModel | SilentModel
_STEPS = 30
_RIDGE = 1e-3


def calibrated(model: Model, kind: Calibration, closed: Labelled) -> Model:
    """Return the model brought to what was seen at its last closed cut-off.

    Parameters
    ----------
    model : AdditiveModel or SilentModel
        Its reasons stay exact: calibration is folded into the tables.
    kind : str
        ``none`` leaves it alone; ``shift`` moves the level; ``platt`` moves level and steepness
        (Platt 1999, without his smoothed targets; a slight ridge keeps separable data finite).
    closed : Labelled
        Rows of the last closed cut-off.
    """
    if kind == "none":
        return model
    logit = model.logit(closed.features)
    if kind == "shift":
        return model.rescaled(slope=1.0, shift=level(logit, closed.churned))
    slope, shift = steepness(logit, closed.churned)
    return model.rescaled(slope=slope, shift=shift)


def level(logit: NDArray[np.float64], happened: NDArray[np.bool_] | NDArray[np.float64]) -> float:
    """Return the shift that makes the mean probability the rate that was seen, or was said."""
    return _newton(np.ones((len(logit), 1)), logit, happened)[0]


def steepness(logit: NDArray[np.float64], happened: NDArray[np.bool_]) -> tuple[float, float]:
    """Return (slope, shift) of the most likely line through log-odds."""
    design = np.column_stack([logit, np.ones(len(logit))])
    slope, shift = _newton(design, logit, happened)
    return 1 + slope, shift


def level_spread(model: Model, rows: Labelled) -> float:
    """Return how much the level moved between cut-offs: standard deviation of their shifts.

    Zero with fewer than two cut-offs. Each cut-off's shift is what would have brought the mean
    probability there to the rate that was seen.
    """
    logit = model.logit(rows.features)
    parts = [rows.at == at for at in np.unique(rows.at)]
    shifts = [level(logit[part], rows.churned[part]) for part in parts]
    return float(np.std(shifts, ddof=1)) if len(shifts) > 1 else 0.0


def _newton(
    design: NDArray[np.float64],
    offset: NDArray[np.float64],
    happened: NDArray[np.bool_] | NDArray[np.float64],
) -> list[float]:
    """Return the coefficients that, added to the offset, are most likely, with a slight ridge."""
    solution = np.zeros(design.shape[1])
    penalty = _RIDGE * np.eye(len(solution))
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(offset + design @ solution, -30, 30)))
        slope = design.T @ (happened - p) - penalty @ solution
        curve = (design * (p * (1 - p))[:, None]).T @ design + penalty
        solution = solution + np.clip(np.linalg.solve(curve, slope), -2, 2)
    return [float(value) for value in solution]
