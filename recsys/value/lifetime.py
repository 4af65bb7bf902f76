"""What users are going to order, and what that is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.lifetime import bgnbd, gamma_gamma
from recsys.algorithms.lifetime.bgnbd import BgNbd, RepeatCounts
from recsys.algorithms.lifetime.gamma_gamma import GammaGamma
from recsys.data.interactions import Interactions
from recsys.data.times import DAY

Floats = NDArray[np.float64]

WEEK_DAYS = 7
MIN_USERS = 300
MIN_REPEATERS = 50
DRAWS = 200
CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Purchases:
    """What lifetimes are learnt from: users with a purchase, one entry each.

    Attributes
    ----------
    user_row : int64, shape (n,)
        Whose entry it is, ascending.
    repeats : RepeatCounts
        Repeat purchase *days*, in weeks since the first one.
    repeat_value : float64, shape (n,)
        Mean value of the repeat days; 0 without any.
    first_value : float64, shape (n,)
        Of the first day.
    """

    user_row: NDArray[np.int64]
    repeats: RepeatCounts
    repeat_value: Floats
    first_value: Floats

    def __len__(self) -> int:
        return len(self.user_row)

    @property
    def too_few(self) -> str:
        """Why these are too few for BG/NBD, else an empty string."""
        repeaters = int((self.repeats.x > 0).sum())
        if len(self) >= MIN_USERS and repeaters >= MIN_REPEATERS:
            return ""
        return (
            f"{len(self):,} users and {repeaters:,} repeaters; "
            f"it takes {MIN_USERS} and {MIN_REPEATERS}"
        )


def purchases(critical: Interactions, *, at: int) -> Purchases:
    """Return the purchases of every user as of `at`; everything must be strictly before it.

    What is bought on one day (UTC) is one purchase, in however many lines and orders.
    """
    day, user_row = critical.at // DAY, critical.user_row
    opens = np.ones(len(day), bool)
    opens[1:] = (np.diff(day) != 0) | (np.diff(user_row) != 0)
    starts = np.flatnonzero(opens)
    if not len(starts):
        return Purchases(np.empty(0, np.int64), RepeatCounts(*np.empty((3, 0))), *np.empty((2, 0)))
    value = np.add.reduceat(critical.value, starts)
    users, first, count = np.unique(user_row[starts], return_index=True, return_counts=True)
    last = first + count - 1
    began, ended = day[starts][first], day[starts][last]
    x = (count - 1).astype(np.float64)
    total = np.add.reduceat(value, first)
    return Purchases(
        user_row=users.astype(np.int64),
        repeats=RepeatCounts(x, (ended - began) / WEEK_DAYS, (at / DAY - began) / WEEK_DAYS),
        repeat_value=np.divide(total - value[first], x, out=np.zeros(len(x)), where=x > 0),
        first_value=value[first],
    )


@dataclass(frozen=True, slots=True)
class LifetimeModel:
    """BG/NBD for how often, Gamma-Gamma for how much.

    Attributes
    ----------
    orders : BgNbd
        In weeks.
    value : GammaGamma or None
        None where its conditions do not hold: a user's mean is then shrunk by one purchase.
    mean_value : float
        Mean value of a purchase, to which users are shrunk where there is no Gamma-Gamma.
    """

    orders: BgNbd
    value: GammaGamma | None
    mean_value: float

    def expected_orders(self, of: Purchases, *, days: float) -> Floats:
        """Return the purchase days expected in the next `days`, float64, shape (n,)."""
        return self.orders.expected(of.repeats, days / WEEK_DAYS)

    def order_value(self, of: Purchases) -> Floats:
        """Return the value expected of a user's next purchase, float64, shape (n,)."""
        x = of.repeats.x
        if self.value is not None:
            return self.value.expected(x, of.repeat_value)
        total = of.first_value + x * of.repeat_value
        shrunk: Floats = (total + self.mean_value) / (x + 2)
        return shrunk

    def spread(
        self, of: Purchases, *, days: Sequence[float], confidence: float, seed: int
    ) -> tuple[Floats, Floats]:
        """Return the interval that each user's money falls in, two of shape (len(days), n).

        Drawn from the models: pace, quitting, number of purchases and their values. Without
        Gamma-Gamma every purchase is worth what is expected of one. `days` is ascending.
        """
        low, high = np.empty((2, len(days), len(of)))
        weeks = [each / WEEK_DAYS for each in days]
        rng, worth = np.random.default_rng(seed), self.order_value(of)
        tail = (1 - confidence) / 2
        for start in range(0, len(of), CHUNK):
            part = slice(start, start + CHUNK)
            some = RepeatCounts(of.repeats.x[part], of.repeats.t_x[part], of.repeats.T[part])
            money = self.orders.drawn(some, weeks, draws=DRAWS, rng=rng)
            if self.value is None:
                money *= worth[part, None]
            else:
                money = self.value.drawn(some.x, of.repeat_value[part], money, rng=rng)
            low[:, part], high[:, part] = np.quantile(money, [tail, 1 - tail], axis=2)
        return low, high


def fit(of: Purchases) -> LifetimeModel:
    """Return the model of these purchases; ask ``too_few`` first.

    Raises
    ------
    NothingToLearnFrom
        Nobody bought again.
    """
    x = of.repeats.x
    spent = float((of.first_value + x * of.repeat_value).sum())
    worth = (x > 0) & (of.repeat_value > 0)
    value = gamma_gamma.fit(x, of.repeat_value) if worth.sum() >= MIN_REPEATERS else None
    holds = value is not None and value.holds
    return LifetimeModel(
        orders=bgnbd.fit(of.repeats),
        value=value if holds else None,
        mean_value=spent / float((x + 1).sum()),
    )
