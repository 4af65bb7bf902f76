"""Outcomes as sums: those of days, of workers and of segments add up to those of all.

Units are people; each has one outcome y from its exposure to the horizon, one covariate x from
before it, and for a ratio one denominator d.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one variant.

    Attributes
    ----------
    n : int
        Units.
    y, yy : float
        Σy and Σy².
    x, xx, xy : float
        Σx, Σx² and Σxy.
    d, dd, yd : float
        Σd, Σd² and Σyd.
    """

    n: int = 0
    y: float = 0.0
    yy: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0
    d: float = 0.0
    dd: float = 0.0
    yd: float = 0.0

    @classmethod
    def of(
        cls, y: Floats, *, x: Floats | None = None, d: Floats | None = None, n: int | None = None
    ) -> Sums:
        """Sum up units.

        Parameters
        ----------
        y, x, d : float64, shape (n_given,)
            Of the units that have anything; None: all 0.
        n : int or None
            Units in all: those that are not given are 0 throughout. None: all are given.
        """
        x, d = (np.zeros_like(y) if one is None else one for one in (x, d))
        products = (y, y * y, x, x * x, x * y, d, d * d, y * d)
        return cls(len(y) if n is None else n, *(float(one.sum()) for one in products))

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def total(several: Iterable[Sums]) -> Sums:
    """Return the sums of all units of several sums."""
    return sum(several, Sums())


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and variance of the outcome of a variant's units.

    Attributes
    ----------
    n : int
        Units.
    mean : float
        Their mean; of a ratio, the ratio of the sums.
    var : float
        Variance of one unit (n - 1 below); of a ratio, of its linearised value.
    """

    n: int
    mean: float
    var: float

    @property
    def mean_var(self) -> float:
        """The squared standard error of the mean."""
        return self.var / self.n


def plain(sums: Sums) -> Moments:
    """Return the moments of the outcome; at least 2 units."""
    return Moments(sums.n, sums.y / sums.n, _cov(sums.n, sums.yy, sums.y, sums.y))


def ratio(sums: Sums) -> Moments:
    """Return the moments of Σy / Σd by the delta method, units as people; Σd is not 0.

    Deng, Knoblich & Lu 2018, equation 3: var(y)/d² + var(d)·y²/d⁴ - 2·cov(y, d)·y/d³.
    """
    found, mean_d = sums.y / sums.d, sums.d / sums.n
    cov = _cov(sums.n, sums.yd, sums.y, sums.d)
    spread = _cov(sums.n, sums.yy, sums.y, sums.y) - 2 * found * cov
    return Moments(sums.n, found, (spread + found**2 * _var_d(sums)) / mean_d**2)


def cuped(of: tuple[Sums, Sums]) -> tuple[Moments, Moments, float]:
    """Return the moments of y - θ(x - x̄) of two variants, and the share of variance that is left.

    θ = cov(y, x) / var(x), of both variants together, and so is x̄ (Deng et al. 2013). With a
    covariate that does not vary nothing changes.
    """
    both = of[0] + of[1]
    var_x = _cov(both.n, both.xx, both.x, both.x)
    theta = _cov(both.n, both.xy, both.x, both.y) / var_x if var_x > 0 else 0.0
    control, treated = (_adjusted(one, theta, both.x / both.n) for one in of)
    before = plain(of[0]).mean_var + plain(of[1]).mean_var
    left = (control.mean_var + treated.mean_var) / before if before > 0 else 1.0
    return control, treated, left


def cut_at(some: Floats, n: int, *, share: float = 0.999) -> float | None:
    """Return the value at which sums are cut, from the units of both variants together.

    Parameters
    ----------
    some : float64, shape (n_given,)
        The outcomes that are not 0.
    n : int
        Units in all; the others are 0.
    share : float
        The quantile, in (0, 1).

    Returns
    -------
    float or None
        None where fewer than 1 - `share` of the units have any: nothing is cut.
    """
    if not len(some):
        return None
    # The quantile of all is one of the given, as the zeros lie below.
    rank = share * (n - 1) - (n - len(some))
    if rank < 0:
        return None
    ordered = np.sort(some)
    low = int(rank)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (rank - low) * (ordered[high] - ordered[low]))


def _adjusted(sums: Sums, theta: float, mean_x: float) -> Moments:
    found = plain(sums)
    cov = _cov(sums.n, sums.xy, sums.x, sums.y)
    var_x = _cov(sums.n, sums.xx, sums.x, sums.x)
    return Moments(
        sums.n,
        found.mean - theta * (sums.x / sums.n - mean_x),
        max(0.0, found.var + theta**2 * var_x - 2 * theta * cov),
    )


def _cov(n: int, product: float, first: float, second: float) -> float:
    return (product - first * second / n) / (n - 1)


def _var_d(sums: Sums) -> float:
    return _cov(sums.n, sums.dd, sums.d, sums.d)
