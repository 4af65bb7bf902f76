"""How much all will order and spend: what models say, by what became of it before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEW_ORDERS = 50.0
"""Orders in earlier windows at which what they tell and no correction weigh alike."""

FURTHEST = 3.0
"""No correction by earlier windows is larger, or smaller than one divided by it."""

SEASON = 1.4
"""By so much a season that has not been seen may move the total of ``SEASON_DAYS``, up or down.

Of a shorter window by less: past rates hold first orders, and mislead the more the shorter it is.
"""
SEASON_DAYS = 90


@dataclass(frozen=True, slots=True)
class Closed:
    """A window that has closed: what models said of it, what came, and in how many orders."""

    said: float
    came: float
    orders: float


@dataclass(frozen=True, slots=True)
class Level:
    """What the total of the models is multiplied with, and the factor by which it may be off."""

    factor: float = 1.0
    doubt: float = 1.0


def level(
    rate: float, past_rate: float, closed: Sequence[Closed], *, season_seen: bool, days: int
) -> Level:
    """Return the level of an open window.

    Of closed windows together it is known what models miss. A season that was not seen yet nobody
    can tell: then the level is half way, in logarithms, between that and what all would do at
    their own past rates. What a season may do is bounded by ``SEASON``, and so much is in doubt.

    Parameters
    ----------
    rate : float
        Total of the models.
    past_rate : float
        Total if everybody went on as before, first orders included.
    closed : sequence of Closed
        Earlier windows of the same length; with few orders in them they count less.
    season_seen : bool
        Whether the data reach back a year.
    days : int
        Length of the windows.
    """
    if not rate > 0:
        return Level()
    missed = _missed(closed)
    if season_seen or not past_rate > 0:
        return Level(float(np.exp(missed)))
    bound = np.log(SEASON) * min(days / SEASON_DAYS, 1.0)
    apart = float(np.clip(np.log(past_rate / rate) - missed, -bound, bound))
    return Level(float(np.exp(missed + apart / 2)), float(np.exp(bound)))


def _missed(closed: Sequence[Closed]) -> float:
    expected, came, orders = (
        sum(getattr(window, name) for window in closed) for name in ("said", "came", "orders")
    )
    if not min(expected, came) > 0:
        return 0.0
    bound = np.log(FURTHEST)
    return float(np.clip(np.log(came / expected), -bound, bound) * orders / (orders + FEW_ORDERS))
