"""How often users come back, and how far ahead it makes sense to look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from recsys.segments.table import SegmentTable

SHARE = 0.8
ENOUGH_REPEATERS = 200
CURVE_POINTS = 60
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


@dataclass(frozen=True, slots=True)
class SegmentInterval:
    """The usage interval of one segment.

    Attributes
    ----------
    name : str
        Of the segment.
    days : float or None
        Its own interval where it has ``ENOUGH_REPEATERS``; else ``(n·own + 200·U) / (n + 200)``
        with `n` repeaters and U the interval of everybody. None where nobody repeats.
    survival_days : float or None
        See :class:`UsageInterval`; never shrunk.
    n_repeaters : int
        Users of the segment with at least two active days.
    shrunk : bool
        Whether `days` leans on everybody.
    """

    name: str
    days: float | None
    survival_days: float | None
    n_repeaters: int
    shrunk: bool


def usage_interval(critical: Interactions, *, at: int) -> UsageInterval:
    """Return the usage interval of interactions of the critical kind, strictly before `at`."""
    gaps = _gaps(critical, at=at)
    lengths, surviving = gaps.surviving()
    reached = np.flatnonzero(surviving <= 1 - SHARE + 1e-12)
    medians = gaps.medians()
    return UsageInterval(
        days=float(np.quantile(medians, SHARE)) if len(medians) else None,
        survival_days=float(lengths[reached[0]]) if len(reached) else None,
        n_repeaters=len(medians),
    )


def by_segment(
    critical: Interactions, table: SegmentTable, whole: UsageInterval, *, at: int
) -> tuple[SegmentInterval, ...]:
    """Return the usage interval of every segment, in the order of the table.

    Parameters
    ----------
    critical : Interactions
        Of the critical kind, strictly before `at`.
    table : SegmentTable
        As of `at`.
    whole : UsageInterval
        Of everybody, to whom small segments are shrunk.
    at : int
        Microseconds since the epoch.
    """
    owner = critical.user_row
    return tuple(
        _shrunk(name, usage_interval(critical.where(table.members(row)[owner]), at=at), whole)
        for row, name in enumerate(table.names)
    )


def survival_curve(critical: Interactions, *, at: int) -> tuple[tuple[float, float], ...]:
    """Return (days, share of active days not yet followed by another one), from (0, 1) on.

    The Kaplan-Meier estimate behind ``survival_days``, at up to ``CURVE_POINTS`` of its steps.
    """
    lengths, surviving = _gaps(critical, at=at).surviving()
    some = np.unique(np.linspace(0, len(lengths) - 1, min(CURVE_POINTS, len(lengths))).astype(int))
    points = zip(lengths[some].tolist(), surviving[some].tolist(), strict=True)
    return ((0.0, 1.0), *((float(days), share) for days, share in points if days > 0))


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


def _shrunk(name: str, own: UsageInterval, whole: UsageInterval) -> SegmentInterval:
    n, shrunk, days = own.n_repeaters, own.n_repeaters < ENOUGH_REPEATERS, own.days
    if shrunk and whole.days is not None:
        weighed = n * (own.days or 0.0) + ENOUGH_REPEATERS * whole.days
        days = weighed / (n + ENOUGH_REPEATERS)
    return SegmentInterval(name, days, own.survival_days, n, shrunk)


@dataclass(frozen=True, slots=True)
class _Gaps:
    """Days between active days, grouped by user; then the open gap of every active user.

    `gap` and `owner` are of closed gaps, `open_gap` and `open_owner` of open ones.
    """

    owner: NDArray[np.int32]
    gap: NDArray[np.int64]
    open_owner: NDArray[np.int32]
    open_gap: NDArray[np.int64]

    def medians(self) -> NDArray[np.float64]:
        ordered = self.gap[np.lexsort((self.gap, self.owner))]
        counts = np.bincount(self.owner)
        counts = counts[counts > 0]
        starts = np.cumsum(counts) - counts
        lower, upper = ordered[starts + (counts - 1) // 2], ordered[starts + counts // 2]
        medians: NDArray[np.float64] = (lower + upper) / 2
        return medians

    def surviving(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the distinct lengths, ascending, and the share of gaps that are longer."""
        owner = np.concatenate([self.owner, self.open_owner])
        weight = 1 / np.bincount(owner)[owner] if len(owner) else np.empty(0)
        closed = np.repeat([True, False], [len(self.gap), len(self.open_gap)])
        gaps = np.concatenate([self.gap, self.open_gap])
        lengths, length_row = np.unique(gaps, return_inverse=True)
        ended = np.bincount(length_row, weight * closed, minlength=len(lengths))
        left = np.bincount(length_row, weight, minlength=len(lengths))
        at_risk = np.cumsum(left[::-1])[::-1]
        return lengths, np.cumprod(1 - ended / at_risk).astype(np.float64, copy=False)


def _gaps(critical: Interactions, *, at: int) -> _Gaps:
    user_row, day = critical.user_row, critical.at // DAY
    new = np.ones(len(day), bool)
    new[1:] = (np.diff(day) != 0) | (np.diff(user_row) != 0)
    user_row, day = user_row[new], day[new]
    again = user_row[1:] == user_row[:-1]
    last = np.flatnonzero(np.append(~again, True)) if len(day) else np.empty(0, np.int64)
    return _Gaps(user_row[1:][again], np.diff(day)[again], user_row[last], at // DAY - day[last])
