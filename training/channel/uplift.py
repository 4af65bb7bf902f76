"""What is learnt of uplift: by arm and segment, against those to whom nothing was sent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.channel.uplift import Uplift
from recsys.config import Channels
from recsys.data.times import DAY
from recsys.evaluation.estimate import NotMeasured
from recsys.evaluation.overlap import MIN_EFFECTIVE, MIN_ROWS, effective_size
from training.randomised_log import Randomised

Reals = NDArray[np.float64]
PRIOR_DECISIONS = 50
"""So many decisions of either kind without a difference are believed before any was seen."""


def fit(seen: Randomised, segments: tuple[str, ...], section: Channels) -> Uplift | NotMeasured:
    """Return what a message through each channel adds, for everybody and in each segment.

    Parameters
    ----------
    seen : Randomised
        With closed windows.
    segments : tuple of str
        In the order of the segment table.
    section : Channels
        The outcome and its worth.

    Returns
    -------
    Uplift or NotMeasured
        The latter with fewer than 1,000 decisions, or an effective sample of fewer than 200 to send
        nothing.

    Notes
    -----
    The difference of two means (a T-learner: Künzel et al. 2019), of those who got the message and
    those who got none *among decisions in which it could have been sent*, each weighted by
    1/propensity (Hájek 1971). Its variance is p(1 - p)(1/n₁ + 1/n₀) with effective sample sizes and
    the rate of both together, so that an arm without any outcome is not certain of it. Everybody's
    is shrunk to 0 by ``PRIOR_DECISIONS``, a segment's to everybody's by how much more segments
    differ than chance explains (DerSimonian & Laird 1986). The segment is that of the time of the
    decision: a later one knows who bought.
    """
    if (refused := _refusal(seen)) is not None:
        return refused
    rate = (seen.happened.sum() + 1) / (len(seen) + 2)
    prior = 2 * rate * (1 - rate) / PRIOR_DECISIONS
    difference, doubt = (each[0] for each in _differences(np.zeros(len(seen), np.int32), 1, seen))
    kept = prior / (prior + doubt)
    everybody, variance = kept * difference, (1 - kept) * prior
    difference, doubt = _differences(seen.rows_in(segments), len(segments), seen)
    spread = _spread(difference, doubt)
    share = spread / (spread + doubt)
    own = (1 - share) * spread + (1 - share) ** 2 * variance
    return Uplift(
        outcome=section.outcome,
        window_days=seen.window / DAY,
        value=section.outcome_value,
        decisions=len(seen),
        names=segments,
        mean=np.vstack([everybody + share * (difference - everybody), everybody]),
        sd=np.sqrt(np.vstack([own, variance])),
    )


def _refusal(seen: Randomised) -> NotMeasured | None:
    if len(seen) < MIN_ROWS:
        return NotMeasured(f"{len(seen):,} randomised decisions, at least {MIN_ROWS:,} needed")
    nothing = seen.propensity.shape[1] - 1
    effective = effective_size(1 / seen.propensity[seen.action == nothing, nothing])
    if effective < MIN_EFFECTIVE:
        too_few = f"effective sample of {effective:,.0f} among decisions to send nothing"
        return NotMeasured(f"{too_few}, at least {MIN_EFFECTIVE:,} needed")
    return None


def _differences(row: NDArray[np.int32], n_rows: int, seen: Randomised) -> tuple[Reals, Reals]:
    """Return the uplift in each row and channel and its variance, shape (n_rows, n_channels).

    0, of infinite variance, where either was never drawn.
    """
    *channels, nothing = range(seen.propensity.shape[1])
    difference, variance = np.zeros((n_rows, len(channels))), np.empty((n_rows, len(channels)))
    base = (seen.happened.sum() + 1) / (len(seen) + 2)
    for channel in channels:
        could = seen.where((row >= 0) & (seen.propensity[:, channel] > 0))
        cell = row[(row >= 0) & (seen.propensity[:, channel] > 0)]
        with_it, n_with = _mean(cell, n_rows, could, arm=channel)
        without, n_without = _mean(cell, n_rows, could, arm=nothing)
        rate = (np.bincount(cell, could.happened, n_rows) + base) / (
            np.bincount(cell, minlength=n_rows) + 1
        )
        both = (n_with > 0) & (n_without > 0)
        difference[both, channel] = (with_it - without)[both]
        each = np.full(n_rows, np.inf)
        np.divide(1, n_with, out=each, where=both)
        each[both] += 1 / n_without[both]
        variance[:, channel] = rate * (1 - rate) * each
    return difference, variance


def _mean(
    cell: NDArray[np.int32], n_rows: int, seen: Randomised, *, arm: int
) -> tuple[Reals, Reals]:
    """Return the weighted mean outcome of an arm in each row and its effective sample size."""
    weight = np.where(seen.action == arm, 1 / seen.propensity[:, arm], 0.0)
    total, hits, squares = (
        np.bincount(cell, amount, n_rows) for amount in (weight, weight * seen.happened, weight**2)
    )
    safe = np.where(total > 0, total, 1.0)
    return hits / safe, total**2 / np.where(total > 0, squares, 1.0)


def _spread(difference: Reals, variance: Reals) -> Reals:
    """Return by what variance segments differ beyond chance, shape (n_channels,)."""
    weight = 1 / variance
    total = weight.sum(axis=0)
    safe = np.where(total > 0, total, 1.0)
    middle = (weight * difference).sum(axis=0) / safe
    excess = (weight * (difference - middle) ** 2).sum(axis=0) - ((weight > 0).sum(axis=0) - 1)
    scale = total - (weight**2).sum(axis=0) / safe
    # Scale is 0 where no two segments can be compared.
    spread: Reals = np.maximum(0.0, excess) / np.where(scale > 0, scale, np.inf)
    return spread
