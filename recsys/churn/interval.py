"""How often users come back, and how far ahead it makes sense to look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.events import DAY, Interactions

SHARE = 0.8
HORIZONS = (7, 14, 28, 60, 90, 180)


@dataclass(frozen=True, slots=True)
class UsageInterval:
    """The time within which most users have done it again.

    Attributes
    ----------
    days : float or None
        80th percentile, over users with at least two active days, of their median gap
        (Amplitude's usage interval). None without such users.
    survival_days : float or None
        Within so many days 80 % of active days are followed by another one, when gaps still open
        at the end count as what they are, at least so long (Kaplan & Meier 1958). Every user has
        the weight 1, spread over the user's gaps. None when the estimate never gets there.
    n_repeaters : int
        Users with at least two active days.
    """

    days: float | None
    survival_days: float | None
    n_repeaters: int


def usage_interval(critical: Interactions, *, at: int) -> UsageInterval:
    """Return the usage interval of interactions of the critical kind, strictly before `at`."""
    user_row, day = _active_days(critical)
    again = user_row[1:] == user_row[:-1]
    owner, gap = user_row[1:][again], np.diff(day)[again]
    n_gaps = np.bincount(owner, minlength=len(critical.users))
    repeaters = np.flatnonzero(n_gaps)
    last = np.flatnonzero(np.append(~again, True)) if len(day) else np.empty(0, np.int64)
    return UsageInterval(
        days=float(np.quantile(_medians(owner, gap), SHARE)) if len(repeaters) else None,
        survival_days=_survival(
            np.concatenate([gap, at // DAY - day[last]]),
            closed=np.repeat([True, False], [len(gap), len(last)]),
            weight=1 / (1 + n_gaps[np.concatenate([owner, user_row[last]])]),
        ),
        n_repeaters=len(repeaters),
    )


def horizon_days(interval: UsageInterval, *, span_days: float) -> int:
    """Return the usage interval rounded up to one of ``HORIZONS``.

    Judging needs a window to learn from, one to choose on, one to be judged on and history before
    them, so a horizon of more than a quarter of the data (`span_days`) steps down to the largest
    one that fits, and a user without any repeat counts as the longest interval.

    Notes
    -----
    The step down deviates from a plain rounding up: an unmeasurable horizon helps nobody.
    """
    wanted = np.inf if interval.days is None else interval.days
    rounded = next((days for days in HORIZONS if days >= wanted), HORIZONS[-1])
    fitting = [days for days in HORIZONS if 4 * days <= span_days]
    return min(rounded, fitting[-1] if fitting else HORIZONS[0])


def _active_days(critical: Interactions) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    user_row, day = critical.user_row, critical.at // DAY
    new = np.ones(len(day), bool)
    new[1:] = (np.diff(day) != 0) | (np.diff(user_row) != 0)
    return user_row[new], day[new]


def _medians(owner: NDArray[np.int32], gap: NDArray[np.int64]) -> NDArray[np.float64]:
    ordered = gap[np.lexsort((gap, owner))]
    counts = np.bincount(owner)
    counts = counts[counts > 0]
    starts = np.cumsum(counts) - counts
    lower, upper = ordered[starts + (counts - 1) // 2], ordered[starts + counts // 2]
    medians: NDArray[np.float64] = (lower + upper) / 2
    return medians


def _survival(
    duration: NDArray[np.int64], *, closed: NDArray[np.bool_], weight: NDArray[np.float64]
) -> float | None:
    lengths, place = np.unique(duration, return_inverse=True)
    ended = np.bincount(place, weight * closed, minlength=len(lengths))
    left = np.bincount(place, weight, minlength=len(lengths))
    at_risk = np.cumsum(left[::-1])[::-1]
    surviving = np.cumprod(1 - ended / at_risk)
    reached = np.flatnonzero(surviving <= 1 - SHARE + 1e-12)
    return float(lengths[reached[0]]) if len(reached) else None
