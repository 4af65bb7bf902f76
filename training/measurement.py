"""What held-out data said about one question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.config import Training
from recsys.data.interactions import Interactions
from recsys.data.times import DAY, moment
from recsys.evaluation import split
from recsys.evaluation.estimate import bootstrap_mean
from recsys.ladder import Question, RungName, Verdict


@dataclass(frozen=True, slots=True)
class Measurement:
    """The verdict on every rung, the figures behind it, and what the gate compares.

    Attributes
    ----------
    question : Question
        What was asked.
    verdicts : mapping of RungName to Verdict
        One for each rung above the lowest.
    metrics : mapping
        Figures and curves, ready for JSON, for the manifest and the report.
    metric : str
        What `figure` is; higher is better.
    window_start : int
        The test cutoff: fitted strictly before, judged at or after (microseconds).
    user_row : int32, shape (n,)
        Users that the *served* ladder was judged on.
    figure : float32, shape (n,)
        One figure for each of them.
    """

    question: Question
    verdicts: Mapping[RungName, Verdict]
    metrics: Mapping[str, Any]
    metric: str
    window_start: int
    user_row: NDArray[np.int32]
    figure: NDArray[np.float32]


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
    return estimate is not None and estimate.clearly_above


MOST_HELD = 0.25


def told(interactions: Interactions, *, days: int) -> str:
    """Return a warning where a pause leaves the last days next to nothing, else "".

    A pause counts that takes at least half of them, where what is left is less than ``MOST_HELD``
    of what the pace before the pause would bring.

    Parameters
    ----------
    interactions : Interactions
        All of them.
    days : int
        How many of the last days judge.
    """
    at = np.sort(interactions.at)
    cutoff = split.cutoff(interactions, days=days)
    if len(at) < 2 or at[0] >= cutoff:
        return ""
    within = np.diff(np.maximum(at, cutoff))
    last_before = int(within.argmax())
    begin, end = int(at[last_before]), int(at[last_before + 1])
    held = len(at) - int(np.searchsorted(at, cutoff))
    known = last_before + 1
    pace = known / max(begin - int(at[0]), DAY)
    if 2 * within[last_before] < days * DAY or held >= MOST_HELD * pace * days * DAY:
        return ""
    return (
        f"nothing happened between {moment(begin):%Y-%m-%d} and {moment(end):%Y-%m-%d}: the last "
        f"{days} days, which judge, hold {held:,} of {len(at):,} events"
    )
