"""When one may look: how wide intervals have to be so that looking often promises nothing false.

A planned horizon spends its errors as O'Brien and Fleming did; what has no end, or is watched
daily, gets a confidence sequence, which holds at all times at once.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

MOST_LOOKS = 5
_GRID = 2_001
_BEYOND = 8.0


@cache
def obrien_fleming(looks: int, *, alpha: float = 0.05) -> tuple[float, ...]:
    """Return the bounds on ``|z|`` at each of some equally spaced looks.

    Parameters
    ----------
    looks : int
        1 to ``MOST_LOOKS``, the last one at the horizon.
    alpha : float
        Two-sided error over all looks.

    Raises
    ------
    ValueError
        More looks than planned experiments have.

    Notes
    -----
    Error spending of the O'Brien-Fleming type (Lan & DeMets 1983), each side
    2 - 2Φ(z(a/4)/√t); bounds by numerical integration (Armitage, McPherson & Rowe 1969).
    """
    if not 1 <= looks <= MOST_LOOKS:
        raise ValueError(f"{looks} looks; allowed: 1 to {MOST_LOOKS}")
    times = np.arange(1, looks + 1) / looks
    spent = 2 - 2 * ndtr(ndtri(1 - alpha / 4) / np.sqrt(times))
    bounds: list[float] = []
    density: NDArray[np.float64] | None = None
    grid = np.array([0.0])
    for number, time in enumerate(times):
        wanted = float(spent[number] - (spent[number - 1] if number else 0.0))
        step = math.sqrt(1 / looks)
        bound = _bound(grid, density, step, wanted, math.sqrt(time))
        bounds.append(bound / math.sqrt(time))
        grid, density = _carried(grid, density, step, bound)
    return tuple(bounds)


def planned_width(part: float, looks: int, *, alpha: float = 0.05) -> float:
    """Return the standard errors to each side at a share of the horizon.

    It is that of the last look that was reached; before the first, that of the first.
    """
    bounds = obrien_fleming(looks, alpha=alpha)
    reached = min(looks, max(1, math.floor(part * looks + 1e-9)))
    return bounds[reached - 1]


def sequence_width(n: int, expected: int, *, alpha: float = 0.05) -> float:
    """Return the standard errors to each side of a confidence sequence.

    Parameters
    ----------
    n : int
        Units of both variants so far, at least 1.
    expected : int
        The number of units at which it shall be tightest.
    alpha : float
        Error over all looks together, for ever.

    Notes
    -----
    Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, equation 9, with the usual choice
    ρ² = (-2 ln a + ln(1 - 2 ln a)) / N* (a: `alpha`); asymptotic: wants some hundred units.
    """
    rho2 = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / expected
    nr = n * rho2
    return math.sqrt(n) * math.sqrt(
        2 * (nr + 1) / (n**2 * rho2) * math.log(math.sqrt(nr + 1) / alpha)
    )


def _bound(
    grid: NDArray[np.float64],
    density: NDArray[np.float64] | None,
    step: float,
    wanted: float,
    root: float,
) -> float:
    """Return the bound on the score beyond which `wanted` of the paths end, on one side."""
    low, high = 0.0, _BEYOND * root
    for _ in range(80):
        middle = (low + high) / 2
        if _beyond(grid, density, step, middle) > wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _beyond(
    grid: NDArray[np.float64], density: NDArray[np.float64] | None, step: float, bound: float
) -> float:
    tail = ndtr((grid - bound) / step)
    if density is None:
        return float(tail[0])
    return float(np.trapezoid(tail * density, grid))


def _carried(
    grid: NDArray[np.float64], density: NDArray[np.float64] | None, step: float, bound: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the density of the score of the paths that go on."""
    there = np.linspace(-bound, bound, _GRID)
    kernel = np.exp(-0.5 * ((there[:, None] - grid) / step) ** 2) / (step * math.sqrt(2 * math.pi))
    if density is None:
        return there, kernel[:, 0]
    carried = np.asarray(np.trapezoid(kernel * density, grid, axis=1), np.float64)
    return there, carried
