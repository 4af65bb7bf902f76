"""What the parametric models say of every user: orders and money, for any horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.value import lifetime
from recsys.value.lifetime import LifetimeModel, Purchases

Floats = NDArray[np.float64]
SHRINKAGE_WEEKS = 8.0


@dataclass(frozen=True, slots=True)
class Pace:
    """What the parametric models say of everybody, for any horizon."""

    of: Purchases
    model: LifetimeModel | None
    scarce: str

    @classmethod
    def of_known(cls, critical: Interactions, *, at: int) -> Pace:
        """Return what is learnt from purchases before `at`; a model where there are enough."""
        of = lifetime.purchases(critical, at=at)
        return cls(of, None if of.too_few else lifetime.fit(of), of.too_few)

    def expected(self, days: int) -> ExpectedOrders:
        """Return what everybody is expected to do in so many days."""
        of = self.of
        if not len(of):
            return ExpectedOrders(of, np.empty(0), np.empty(0))
        if self.model is not None:
            orders = self.model.expected_orders(of, days=days)
            return ExpectedOrders(of, orders, orders * self.model.order_value(of))
        x, weeks = of.repeats.x, of.repeats.T
        # half a repeat more (Jeffreys): that nobody came back yet does not mean that nobody will
        usual = (x.sum() + 0.5) / weeks.sum()
        rate = (x + usual * SHRINKAGE_WEEKS) / (weeks + SHRINKAGE_WEEKS)
        orders = rate * days / lifetime.WEEK_DAYS
        spent = of.first_value + x * of.repeat_value
        worth = (spent + spent.sum() / (x + 1).sum()) / (x + 2)
        return ExpectedOrders(of, orders, orders * worth)

    def past_rate(self, days: int) -> ExpectedOrders:
        """Return what everybody would do at the own past rate, the first order included."""
        x, share = self.of.repeats.x, np.maximum(self.of.repeats.T * lifetime.WEEK_DAYS, days)
        spent = self.of.first_value + x * self.of.repeat_value
        return ExpectedOrders(self.of, (x + 1) * days / share, spent * days / share)


@dataclass(frozen=True, slots=True)
class ExpectedOrders:
    """Orders and money of users within some days."""

    of: Purchases
    orders: Floats
    value: Floats
