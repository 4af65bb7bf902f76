"""What a user was worth so far, and is expected to be worth: the answer, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.lifetime.bgnbd import BgNbd, RepeatCounts
from recsys.data.interactions import UserEvents
from recsys.data.kinds import RETURN, Reading
from recsys.data.person import Person
from recsys.data.times import DAY, moment
from recsys.value.lifetime import WEEK_DAYS
from recsys.words import say

HORIZONS_DAYS = (30, 90, 365)
LONGEST_WAIT_DAYS = 3_650


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of a user in the days ahead.

    Attributes
    ----------
    days : int
        How far ahead.
    orders, value : float
        Days with an order, and money.
    low, high : float or None
        Interval that the *money itself* falls in, not only its mean: users differ in pace and
        spending more than one can know. None where users were too few to learn that.
    """

    days: int
    orders: float
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class UserValue:
    """The answer about one user.

    Attributes
    ----------
    historic : float
        Money of all orders so far less what came back, up to the instant of the question.
    order_days : int
        Days with an order.
    order_value : float or None
        Mean money of such a day; None before the first.
    usual_days : float or None
        Mean days between them; None before the second.
    next_order_at : int or None
        The instant by which another order is as likely as not (microseconds); None where even
        odds are never reached, or not within ``LONGEST_WAIT_DAYS``.
    expected : tuple of Expected
        One for each of ``HORIZONS_DAYS``; empty where nothing can be said.
    because : str
        What it stands on.
    """

    historic: float
    order_days: int
    order_value: float | None
    usual_days: float | None
    next_order_at: int | None
    expected: tuple[Expected, ...]
    because: str


@dataclass(frozen=True, slots=True)
class ValueModels:
    """What was expected of every known user at the last snapshot.

    Attributes
    ----------
    reading : Reading
        Which events are orders.
    taken_at : int
        When the snapshot was taken, microseconds since the epoch.
    pace : BgNbd or None
        In weeks; None where users were too few.
    orders, value, low, high : float32, shape (n_users + 1, n_horizons)
        By horizon; NaN for users without an order. The last row is of somebody whose first order
        is at the snapshot. `low` and `high` are NaN where users were too few.
    how : tuple of str, length n_horizons
        What each horizon was learnt with.
    flags : tuple of str
        ``few_users``, ``no_dropout_seen``, ``seasons_unknown``: what it cannot know.
    """

    reading: Reading
    taken_at: int
    pace: BgNbd | None
    orders: NDArray[np.float32]
    value: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    how: tuple[str, ...]
    flags: tuple[str, ...]

    def answer(self, person: Person) -> UserValue | None:
        """Return what the user was worth and is expected to be worth; None without consent.

        What was is counted up to the instant of the question; what is expected is as of the
        snapshot, and of a user unknown then as of a first order.
        """
        if not person.profiling:
            return None
        orders = _Orders.of(person.events, self.reading)
        row = -1 if person.user_row is None else person.user_row
        known = row >= 0 and not np.isnan(self.value[row, 0])
        return UserValue(
            historic=orders.spent - orders.returned,
            order_days=len(orders.day),
            order_value=orders.spent / len(orders.day) if len(orders.day) else None,
            usual_days=float(np.diff(orders.day).mean()) if len(orders.day) > 1 else None,
            next_order_at=self._even_odds_at(orders.day, person.at),
            expected=self._expected(row if known else -1) if len(orders.day) else (),
            because=self._because(len(orders.day), known=known),
        )

    def _expected(self, row: int) -> tuple[Expected, ...]:
        columns = (self.orders[row], self.value[row], self.low[row], self.high[row])
        if np.isnan(self.value[row, 0]):
            return ()
        each = zip(HORIZONS_DAYS, *(column.tolist() for column in columns), strict=True)
        return tuple(
            Expected(days, orders, value, *(None if np.isnan(b) else b for b in (low, high)))
            for days, orders, value, low, high in each
        )

    def _even_odds_at(self, day: NDArray[np.int64], at: int) -> int | None:
        if self.pace is None or not len(day):
            return None
        weeks = self.pace.even_odds(
            RepeatCounts(
                x=np.array([len(day) - 1.0]),
                t_x=np.array([(day[-1] - day[0]) / WEEK_DAYS]),
                T=np.array([(at / DAY - day[0]) / WEEK_DAYS]),
            )
        )[0]
        days = float(weeks) * WEEK_DAYS
        return at + int(days * DAY) if days <= LONGEST_WAIT_DAYS else None

    def _because(self, n: int, *, known: bool) -> str:
        if not n:
            return say("value.none", kind=self.reading.critical_kind)
        day = f"{moment(self.taken_at):%Y-%m-%d}"
        code = "value.own" if known else "value.first"
        return say(code, n=n, kind=self.reading.critical_kind, day=day)


@dataclass(frozen=True, slots=True)
class _Orders:
    """The days with an order, ascending, and what was spent and taken back."""

    day: NDArray[np.int64]
    spent: float
    returned: float

    @classmethod
    def of(cls, events: UserEvents, reading: Reading) -> _Orders:
        bought = events.kind == reading.critical
        back = events.kind == reading.number(RETURN)
        return cls(
            day=np.unique(events.at[bought] // DAY),
            spent=float(events.value[bought].sum()),
            returned=float(events.value[back].sum()),
        )
