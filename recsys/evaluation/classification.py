"""How good probabilities of a yes are: ranking, calibration, and what acting on the top would gain.

Every metric takes what happened (bool, shape (n,)), the probability said before (float64, shape
(n,)) and how often each row counts (float64, shape (n,); None counts each once), so that one
bootstrap by user serves them all. A metric that the rows cannot tell is NaN (one class only).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.estimate import Estimate
from recsys.evaluation.profit import expected_maximum_profit

Happened = NDArray[np.bool_]
Floats = NDArray[np.float64]
Metric = Callable[[Happened, Floats, Floats | None], float]

TINY = 1e-6
CALIBRATION_BINS = 10
TOP_SHARE = 0.1
MAX_WORK = 40_000_000


def neg_log_loss(happened: Happened, p: Floats) -> Floats:
    """Return the log likelihood of each row, float64, shape (n,); higher is better.

    Probabilities are held ``TINY`` away from 0 and 1, so that one row cannot cost everything.
    """
    safe = np.clip(p, TINY, 1 - TINY)
    return np.log(np.where(happened, safe, 1 - safe))


def log_loss(happened: Happened, p: Floats, weight: Floats | None = None) -> float:
    """Return the mean negative log likelihood; lower is better."""
    return float(-np.average(neg_log_loss(happened, p), weights=weight))


def brier(happened: Happened, p: Floats, weight: Floats | None = None) -> float:
    """Return the mean squared error of the probabilities (Brier 1950); lower is better."""
    return float(np.average((p - happened) ** 2, weights=weight))


def auc(happened: Happened, p: Floats, weight: Floats | None = None) -> float:
    """Return the probability that a yes is ranked above a no; ties count half (Hanley 1982)."""
    yes, no = _tied(happened, p, weight)
    pairs = yes.sum() * no.sum()
    below = np.cumsum(no) - no
    return float((yes * (below + no / 2)).sum() / pairs) if pairs else np.nan


def average_precision(happened: Happened, p: Floats, weight: Floats | None = None) -> float:
    """Return the area under precision and recall, as a step function without interpolation."""
    yes, no = (side[::-1] for side in _tied(happened, p, weight))
    total = yes.sum()
    if not total:
        return np.nan
    hits = np.cumsum(yes)
    asked = hits + np.cumsum(no)
    return float(
        (yes * np.divide(hits, asked, out=np.zeros_like(hits), where=asked > 0)).sum() / total
    )


def calibration_error(happened: Happened, p: Floats, weight: Floats | None = None) -> float:
    """Return the ECE: mean distance of said and seen rates over ``CALIBRATION_BINS`` equal bins.

    Bins hold equally many rows (Naeini 2015 has equally wide ones, which stand empty when
    probabilities crowd); ties at an edge may fall on both sides.
    """
    weight = np.ones(len(p)) if weight is None else weight
    order = np.argsort(p, kind="stable")
    weight = weight[order]
    bins = _equal_bins(weight)
    off = np.bincount(bins, weight * (p - happened)[order], minlength=CALIBRATION_BINS)
    return float(np.abs(off).sum() / weight.sum())


def lift_at_top(happened: Happened, p: Floats, weight: Floats | None = None) -> float:
    """Return the rate among the ``TOP_SHARE`` ranked highest, as a multiple of the overall rate.

    Rows tied at the edge of the top count in part, so their order does not matter.
    """
    yes, no = (side[::-1] for side in _tied(happened, p, weight))
    rows = yes + no
    wanted = TOP_SHARE * rows.sum()
    taken = np.clip(wanted - (np.cumsum(rows) - rows), 0, rows)
    share = np.divide(taken, rows, out=np.zeros_like(rows), where=rows > 0)
    rate = yes.sum() / rows.sum()
    return float((yes * share).sum() / wanted / rate) if rate else np.nan


METRICS: Mapping[str, Metric] = {
    "auc": auc,
    "pr_auc": average_precision,
    "brier": brier,
    "log_loss": log_loss,
    "ece": calibration_error,
    "lift_at_10_percent": lift_at_top,
    "empc": expected_maximum_profit,
}


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Rows of similar probability: what was said, what was seen."""

    said: float
    seen: float
    n: int


def reliability(happened: Happened, p: Floats) -> tuple[ReliabilityBin, ...]:
    """Return up to ``CALIBRATION_BINS`` bins of equally many rows, lowest probability first."""
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, CALIBRATION_BINS)
    return tuple(
        ReliabilityBin(float(p[part].mean()), float(happened[part].mean()), len(part))
        for part in parts
        if len(part)
    )


def lift_curve(
    happened: Happened, p: Floats, *, points: int = 20
) -> tuple[tuple[float, float], ...]:
    """Return (share of users addressed, share of all yes among them), highest ranked first.

    Starts at (0, 0) and ends at (1, 1). Empty when nothing happened.
    """
    if not happened.any():
        return ()
    reached = np.concatenate([[0.0], np.cumsum(happened[np.argsort(-p, kind="stable")])])
    shares = np.linspace(0, 1, points + 1)
    caught = np.interp(shares * len(p), np.arange(len(reached)), reached) / reached[-1]
    return tuple((float(share), float(part)) for share, part in zip(shares, caught, strict=True))


@dataclass(frozen=True, slots=True)
class Predictions:
    """What was said of users, and what happened; a user may have several rows.

    Attributes
    ----------
    happened : bool, shape (n,)
        Whether it happened.
    p : float64, shape (n,)
        Said before. Metrics of ranking take any score.
    user_row : int32, shape (n,)
        Whose row it is.
    """

    happened: Happened
    p: Floats
    user_row: NDArray[np.int32]


def measured(
    metric: Metric,
    forecast: Predictions,
    *,
    seed: int,
    resamples: int = 2_000,
    confidence: float = 0.95,
) -> Estimate | None:
    """Measure a metric with a percentile bootstrap interval over *users*.

    Rows of a user are drawn together, or not at all.

    Parameters
    ----------
    metric : callable
        One of ``METRICS``.
    forecast : Predictions
        What to measure it on.
    seed : int
        Same seed, same interval.
    resamples : int
        Fewer are drawn (at least 200) where rows times resamples exceed ``MAX_WORK``.
    confidence : float
        Coverage asked for, in (0, 1).

    Returns
    -------
    Estimate or None
        None with fewer than two users, or where the metric cannot be told from these rows.
    """
    users, owner = np.unique(forecast.user_row, return_inverse=True)
    value = metric(forecast.happened, forecast.p, None) if len(users) > 1 else np.nan
    if np.isnan(value):
        return None
    order = np.argsort(forecast.p, kind="stable")
    happened, p, owner = forecast.happened[order], forecast.p[order], owner[order]
    rng = np.random.default_rng(seed)
    drawn = np.empty(min(resamples, max(200, MAX_WORK // len(p))))
    for resample in range(len(drawn)):
        chosen = rng.integers(len(users), size=len(users))
        counts = np.bincount(chosen, minlength=len(users))[owner]
        drawn[resample] = metric(happened, p, counts.astype(np.float64))
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return Estimate(value=value, low=float(low), high=float(high), n=len(users))


def _tied(happened: Happened, p: Floats, weight: Floats | None) -> tuple[Floats, Floats]:
    """Return how many yes and no there are at each distinct probability, ascending."""
    weight = np.ones(len(p)) if weight is None else weight
    order = np.argsort(p, kind="stable")
    ranked, descending = weight[order], p[order]
    opens = np.flatnonzero(np.concatenate([[True], descending[1:] != descending[:-1]]))
    yes = np.add.reduceat(ranked * happened[order], opens)
    return yes, np.add.reduceat(ranked, opens) - yes


def _equal_bins(weight: Floats) -> NDArray[np.int64]:
    middle = np.cumsum(weight) - weight / 2
    share = np.minimum(middle / weight.sum(), 1 - 1e-9)
    bins: NDArray[np.int64] = (share * CALIBRATION_BINS).astype(np.int64)
    return bins
