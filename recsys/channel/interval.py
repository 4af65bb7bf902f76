"""Intervals of what is believed of a response."""

from __future__ import annotations

from functools import cache
from statistics import NormalDist

import numpy as np

from recsys.channel.recipients import Column, where

Z = cache(NormalDist().inv_cdf)


def interval(p: Column, sd: Column, *, z: float) -> tuple[Column, Column]:
    """Return the equal-tailed interval of a Beta posterior, `z` deviations wide on either side.

    Paulson's (1942) cube-root approximation of the F distribution, solved for both ends: rates are
    small and skewed, where p ± z·sd would go below 0.
    """
    n = _most(p * (1 - p) / (sd * sd) - 1, 1.0)
    a, b = p * n, (1 - p) * n
    by_a, by_b, zz = 1 / (9 * a), 1 / (9 * b), z * z
    tight_a, tight_b = 1 - by_a, 1 - by_b
    scale = tight_b * tight_b - zz * by_b
    solvable = scale > 0
    safe = where(solvable, scale, 1.0)
    root = tight_a * tight_a * by_b + tight_b * tight_b * by_a - zz * by_a * by_b
    middle, half = tight_a * tight_b, z * _most(root, 0.0) ** 0.5
    low = a * (_most(middle - half, 0.0) / safe) ** 3
    high = a * (_most(middle + half, 0.0) / safe) ** 3
    # A posterior that is nearly all at 0 can have its mean above its upper quantile.
    lowest = where(solvable, -_most(-low / (low + b), -p), 0.0)
    return lowest, where(solvable, _most(high / (high + b), p), 1.0)


def interval_around(p: Column, sd: Column, *, z: float) -> tuple[Column, Column]:
    """Return the interval of a difference of probabilities, by the normal distribution."""
    return _most(p - z * sd, -1.0), -_most(-p - z * sd, -1.0)


def _most(one: Column, other: Column) -> Column:
    return np.maximum(one, other) if isinstance(one, np.ndarray) else max(one, other)
