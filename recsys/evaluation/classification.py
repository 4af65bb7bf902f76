"""How good probabilities of a yes are: ranking, calibration, and what acting on the top would gain.

Every metric takes what happened (bool, shape (n,)), the probability said before (float64, shape
(n,)) and how often each row counts (shape (n,); None counts each once), so that one bootstrap by
user serves them all. A metric that the rows cannot tell is NaN (one class only).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation.estimate import Estimate, resampled
from recsys.evaluation.profit import expected_profits

Happened = NDArray[np.bool_]
Floats = NDArray[np.float64]
Weighted = Callable[[NDArray[np.number]], Floats]
"""From weights, shape (m, n), to the figures of each row of them, shape (m,)."""

TINY = 1e-6
CALIBRATION_BINS = 10
TOP_SHARE = 0.1
MAX_WORK = 2_000_000
"""Rows times resamples; but for ``FEWEST_RESAMPLES``: these figures decide nothing."""
FEWEST_RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class WeightedMetric:
    """A metric of rows that count unequally often.

    Attributes
    ----------
    of : callable
        From what happened and what was said to what gives the figures for many weights of these
        rows: whatever does not depend on the weights is worked out once.
    """

    of: Callable[[Happened, Floats], Weighted]

    def __call__(self, happened: Happened, p: Floats, weight: Floats | None = None) -> float:
        """Return the figure of these rows; None counts each once."""
        weight = np.ones(len(p)) if weight is None else weight
        return float(self.of(happened, p)(weight[None])[0])


def neg_log_loss(happened: Happened, p: Floats) -> Floats:
    """Return the log likelihood of each row, float64, shape (n,); higher is better.

    Probabilities are held ``TINY`` away from 0 and 1, so that one row cannot cost everything.
    """
    safe = np.clip(p, TINY, 1 - TINY)
    return np.log(np.where(happened, safe, 1 - safe))


def _mean(per_row: Floats) -> Weighted:
    return lambda weight: weight.astype(np.float64) @ per_row / weight.sum(axis=1)


def _log_loss(happened: Happened, p: Floats) -> Weighted:
    return _mean(-neg_log_loss(happened, p))


def _brier(happened: Happened, p: Floats) -> Weighted:
    return _mean((p - happened) ** 2)


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Rows by what was said, the highest first, and the last of each distinct probability."""

    order: NDArray[np.intp]
    last: NDArray[np.bool_]
    happened: Happened

    @classmethod
    def of(cls, happened: Happened, p: Floats) -> _Ranked:
        order = np.argsort(-p, kind="stable")
        last = np.append(np.diff(p[order]) != 0, True)
        return cls(order, last, happened[order])

    def reached(self, weight: NDArray[np.number]) -> tuple[Floats, Floats]:
        """Return how many yes and no there are from each distinct probability up, from 0 on."""
        ranked = weight[:, self.order]
        # Sums of resampled counts are whole, and whole numbers add up several times as fast.
        whole = np.int32 if np.issubdtype(ranked.dtype, np.integer) else np.float64
        every, yes = np.zeros((2, len(ranked), int(self.last.sum()) + 1))
        every[:, 1:] = np.cumsum(ranked, axis=1, dtype=whole)[:, self.last]
        yes[:, 1:] = np.cumsum(ranked * self.happened, axis=1, dtype=whole)[:, self.last]
        return yes, every - yes


def _auc(happened: Happened, p: Floats) -> Weighted:
    ranked = _Ranked.of(happened, p)

    def areas(weight: NDArray[np.number]) -> Floats:
        yes, no = ranked.reached(weight)
        below = no[:, -1:] - (no[:, 1:] + no[:, :-1]) / 2
        return _over((np.diff(yes, axis=1) * below).sum(axis=1), yes[:, -1] * no[:, -1])

    return areas


def _average_precision(happened: Happened, p: Floats) -> Weighted:
    ranked = _Ranked.of(happened, p)

    def areas(weight: NDArray[np.number]) -> Floats:
        yes, no = ranked.reached(weight)
        precision = yes[:, 1:] / np.maximum(yes + no, 1e-300)[:, 1:]
        return _over((np.diff(yes, axis=1) * precision).sum(axis=1), yes[:, -1])

    return areas


def _calibration_error(happened: Happened, p: Floats) -> Weighted:
    order = np.argsort(p, kind="stable")
    off = (p - happened)[order]

    def errors(weight: NDArray[np.number]) -> Floats:
        ranked = weight[:, order].astype(np.float64)
        total = ranked.sum(axis=1)
        share = (np.cumsum(ranked, axis=1) - ranked / 2) / total[:, None]
        bins = (np.minimum(share, 1 - 1e-9) * CALIBRATION_BINS).astype(np.int64)
        bins += np.arange(len(bins))[:, None] * CALIBRATION_BINS
        sums = np.bincount(
            bins.ravel(), (ranked * off).ravel(), minlength=len(bins) * CALIBRATION_BINS
        )
        return np.asarray(np.abs(sums).reshape(len(bins), -1).sum(axis=1) / total, np.float64)

    return errors


def _lift_at_top(happened: Happened, p: Floats) -> Weighted:
    ranked = _Ranked.of(happened, p)

    def lifts(weight: NDArray[np.number]) -> Floats:
        yes, no = ranked.reached(weight)
        asked, total = yes + no, yes[:, -1]
        caught = [
            np.interp(TOP_SHARE * rows[-1], rows, own) for rows, own in zip(asked, yes, strict=True)
        ]
        return _over(np.array(caught), TOP_SHARE * total)

    return lifts


log_loss = WeightedMetric(_log_loss)
"""The mean negative log likelihood; lower is better."""
brier = WeightedMetric(_brier)
"""The mean squared error of the probabilities (Brier 1950); lower is better."""
auc = WeightedMetric(_auc)
"""The probability that a yes is ranked above a no; ties count half (Hanley 1982)."""
average_precision = WeightedMetric(_average_precision)
"""The area under precision and recall, as a step function without interpolation."""
calibration_error = WeightedMetric(_calibration_error)
"""The ECE: mean distance of said and seen rates over ``CALIBRATION_BINS`` equal bins.

Bins hold equally many rows (Naeini 2015 has equally wide ones, which stand empty when
probabilities crowd); ties at an edge may fall on both sides.
"""
lift_at_top = WeightedMetric(_lift_at_top)
"""The rate among the ``TOP_SHARE`` ranked highest, as a multiple of the overall rate.

Rows tied at the edge of the top count in part, so their order does not matter.
"""

METRICS: Mapping[str, WeightedMetric] = {
    "auc": auc,
    "pr_auc": average_precision,
    "brier": brier,
    "log_loss": log_loss,
    "ece": calibration_error,
    "lift_at_10_percent": lift_at_top,
    "empc": WeightedMetric(expected_profits),
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
    metric: WeightedMetric,
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
    metric : Metric
        One of ``METRICS``.
    forecast : Predictions
        What to measure it on.
    seed : int
        Same seed, same interval.
    resamples : int
        Fewer are drawn where rows times resamples exceed ``MAX_WORK``, ``FEWEST_RESAMPLES`` at the
        least.
    confidence : float
        Coverage asked for, in (0, 1).

    Returns
    -------
    Estimate or None
        None with fewer than two users, or where the metric cannot be told from these rows.
    """
    users, owner = np.unique(forecast.user_row, return_inverse=True)
    value = metric(forecast.happened, forecast.p) if len(users) > 1 else np.nan
    if np.isnan(value):
        return None
    drawn = _resampled(metric, forecast, owner, len(users), seed=seed, resamples=resamples)
    return _between(value, drawn, len(users), confidence)


def gained(
    metric: WeightedMetric,
    forecast: Predictions,
    other: Predictions,
    *,
    seed: int,
    resamples: int = 2_000,
    confidence: float = 0.95,
) -> Estimate | None:
    """Measure by how much a forecast has more of a metric than another one of the same rows.

    Paired: both are seen on the same samples of users; otherwise as :func:`measured`.
    """
    users, owner = np.unique(forecast.user_row, return_inverse=True)
    both = (forecast, other)
    figures = [metric(each.happened, each.p) if len(users) > 1 else np.nan for each in both]
    if np.isnan(figures).any():
        return None
    drawn = [
        _resampled(metric, each, owner, len(users), seed=seed, resamples=resamples) for each in both
    ]
    return _between(figures[0] - figures[1], drawn[0] - drawn[1], len(users), confidence)


def _resampled(
    metric: WeightedMetric,
    forecast: Predictions,
    owner: NDArray[np.integer],
    n_users: int,
    *,
    seed: int,
    resamples: int,
) -> Floats:
    figures = metric.of(forecast.happened, forecast.p)
    samples = min(resamples, max(FEWEST_RESAMPLES, MAX_WORK // len(forecast.p)))
    blocks = resampled(n_users, seed=seed, resamples=samples)
    return np.concatenate([figures(block[:, owner]) for block in blocks])


def _between(value: float, drawn: Floats, n: int, confidence: float) -> Estimate:
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return Estimate(value=value, low=float(low), high=float(high), n=n)


def _over(part: Floats, whole: Floats) -> Floats:
    figures: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return figures
