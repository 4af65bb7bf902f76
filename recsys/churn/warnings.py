"""Whether the level of churn may be off, as far as one can tell before the window opens.

A model learns the level of earlier windows. A season it has not seen, or a level that moves from
cut-off to cut-off, moves all its probabilities together: ranking stays right, calibration does not.
Both can be detected from the past alone, and are said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.churn.labels import Labelled
from recsys.data.times import DAY, moment

YEAR_DAYS = 365
MOVED_STANDARD_ERRORS = 4.0
MOVED_AT_LEAST = 0.03
APART_LOG_ODDS = 0.15


@dataclass(frozen=True, slots=True)
class BaseRate:
    """What a closed window said of everybody active before it.

    Attributes
    ----------
    at : int
        The cut-off, microseconds since the epoch.
    n_users : int
        Active at it.
    churned : float
        Share of them, in [0, 1].
    """

    at: int
    n_users: int
    churned: float

    def __str__(self) -> str:
        return f"{self.churned:.0%} ({moment(self.at):%Y-%m-%d})"


def base_rates(rows: Labelled) -> tuple[BaseRate, ...]:
    """Return the share that churned at each cut-off, earliest first."""
    return tuple(
        BaseRate(int(at), int(here.sum()), float(rows.churned[here].mean()))
        for at in np.unique(rows.at)
        if (here := rows.at == at).any()
    )


def season(*, begin: int, at: int, horizon_days: int) -> str:
    """Return a warning where the window's season has not been seen a year before, else "".

    Parameters
    ----------
    begin : int
        When the data begin (microseconds).
    at : int
        When the window opens (microseconds).
    horizon_days : int
        How long it is.
    """
    if at - YEAR_DAYS * DAY >= begin:
        return ""
    until = at + (horizon_days - 1) * DAY
    return (
        f"season unknown: {_day(at)} to {_day(until)} has not been seen a year before, the data "
        f"begin {_day(begin)}"
    )


def moved(rates: tuple[BaseRate, ...]) -> str:
    """Return a warning where the base rate moved by more than chance would have it, else "".

    The lowest and the highest are compared; chance is the standard error of their difference as
    if all users were others, which for overlapping cut-offs is too much rather than too little.
    """
    if len(rates) < 2:
        return ""
    low, high = (pick(rates, key=lambda rate: rate.churned) for pick in (min, max))
    off = high.churned - low.churned
    error = np.sqrt(sum(r.churned * (1 - r.churned) / r.n_users for r in (low, high)))
    if off < max(MOVED_STANDARD_ERRORS * error, MOVED_AT_LEAST):
        return ""
    first, last = sorted((low, high), key=lambda rate: rate.at)
    return f"the base rate moves: {first}, {last}"


def apart(p: NDArray[np.float64], by_silence: NDArray[np.float64]) -> str:
    """Return a warning where the model and BG/NBD P0 disagree on the level, else "".

    Parameters
    ----------
    p, by_silence : float64, shape (n,)
        Probabilities of the same users, in (0, 1).
    """
    ours, theirs = float(p.mean()), float(by_silence.mean())
    off = np.log(ours / (1 - ours)) - np.log(theirs / (1 - theirs))
    if abs(off) < APART_LOG_ODDS:
        return ""
    return f"the level shifts: earlier windows say {ours:.0%}, the pace of buying now {theirs:.0%}"


def _day(at: int) -> str:
    return f"{moment(at):%Y-%m-%d}"
