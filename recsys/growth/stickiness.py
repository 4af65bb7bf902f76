"""How many of a month's people come on a usual day, and on how many days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys.growth.doings import Doings

MONTH = 30


@dataclass(frozen=True, slots=True)
class Stickiness:
    """Of the last 30 days.

    Attributes
    ----------
    daily, monthly : float, int
        Mean people a day, and distinct people in the 30 days.
    at_least : tuple of float
        Share of those people who came on at least 1, 2… 30 days.
    """

    daily: float
    monthly: int
    at_least: tuple[float, ...]

    @property
    def ratio(self) -> float | None:
        """DAU / MAU; None without people."""
        return self.daily / self.monthly if self.monthly else None


def stickiness(doings: Doings) -> Stickiness:
    """Return the stickiness of the 30 days before `doings.until`."""
    lately = doings.within(doings.until - MONTH, doings.until)
    if not len(lately.day):
        return Stickiness(0.0, 0, ())
    days = np.unique(np.stack([lately.person, lately.day]), axis=1)
    each = np.unique(days[0], return_counts=True)[1]
    shares = tuple(float((each >= k).mean()) for k in range(1, MONTH + 1))
    return Stickiness(float(each.sum() / MONTH), len(each), shares)
