"""Whether what is seen now still looks like what was learnt from."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

BINS = 10
WARN = 0.1
ACT = 0.25


class Alarm(StrEnum):
    """What a shift asks for: nothing, a look, or to learn anew."""

    NONE = "none"
    WARN = "warn"
    ACT = "act"


def stability_index(then: NDArray[np.floating], now: NDArray[np.floating]) -> float | None:
    """Return the population stability index of a feature or score.

    ``Σ (now_i - then_i) · ln(now_i / then_i)`` over the deciles of `then`, and missing values as
    a bin of their own (Siddiqi 2006, "Credit risk scorecards"). Half a row is added to each bin,
    so that an empty one counts much but not everything. It sees a change of what users are like,
    not a change of how often such users churn: watch the base rate beside it.

    Parameters
    ----------
    then, now : floating, shape (n_then,) and (n_now,)
        NaN is missing.

    Returns
    -------
    float or None
        At least 0; None when either side is empty.
    """
    if not len(then) or not len(now):
        return None
    values = then[~np.isnan(then)]
    cuts = np.unique(np.quantile(values, np.arange(1, BINS) / BINS)) if len(values) else values
    expected, seen = _shares(then, cuts), _shares(now, cuts)
    return float(((seen - expected) * np.log(seen / expected)).sum())


def alarm(index: float) -> Alarm:
    """Return what a stability index asks for: below .1 nothing, from .25 on to act."""
    if index >= ACT:
        return Alarm.ACT
    return Alarm.WARN if index >= WARN else Alarm.NONE


def _shares(values: NDArray[np.floating], cuts: NDArray[np.floating]) -> NDArray[np.float64]:
    bin_row = np.searchsorted(cuts, values)
    bin_row[np.isnan(values)] = len(cuts) + 1
    counts = np.bincount(bin_row, minlength=len(cuts) + 2) + 0.5
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares
