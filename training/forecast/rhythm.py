"""How often, how lately and how regularly users bought, beyond what a snapshot says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.data.times import DAY

Floats = NDArray[np.float64]

COUNT_HALF_LIVES = (5, 10, 20, 40, 80, 160)
VALUE_HALF_LIVES = (10, 30, 90)
WEEKS = (4, 8, 12, 26)
_TINY = 1e-3


def rhythm(critical: Interactions, *, at: int, horizon_days: int) -> Floats:
    """Return features of every user, all logarithms, float64, shape (n_users, n_features).

    Purchase days and money, decayed with several half-lives; the share of the user's own gaps
    that were longer than the gap now open, than that and a horizon more, and than a horizon; how
    much of the user's time so far would have been called churned; active weeks among the last
    ones. Shares are shrunk, for few gaps say little. Everything must be strictly before `at`.
    """
    n_users = len(critical.users)
    user, day = critical.user_row, critical.at // DAY
    opens = np.ones(len(day), bool)
    opens[1:] = (np.diff(day) != 0) | (np.diff(user) != 0)
    starts = np.flatnonzero(opens)
    value = np.add.reduceat(critical.value, starts) if len(starts) else np.empty(0)
    user, day = user[starts], day[starts]
    age = (at / DAY - day).astype(np.float64, copy=False)

    def total(owner: NDArray[np.integer], amount: NDArray[np.generic]) -> Floats:
        return np.bincount(owner, amount, minlength=n_users).astype(np.float64)

    columns = [total(user, 0.5 ** (age / life)) for life in COUNT_HALF_LIVES]
    columns += [total(user, value * 0.5 ** (age / life)) for life in VALUE_HALF_LIVES]
    columns += [columns[1] / (columns[4] + _TINY), columns[2] / (columns[5] + _TINY)]
    columns += _gaps(user, day, age, n_users, horizon_days)
    week = (age // 7).astype(np.int64)
    for weeks in WEEKS:
        lately = week < weeks
        seen = np.unique(user[lately].astype(np.int64) * weeks + week[lately]) // weeks
        columns.append(np.bincount(seen, minlength=n_users).astype(np.float64))
    return np.log(np.column_stack(columns) + _TINY)


def _gaps(
    user: NDArray[np.int32], day: NDArray[np.int64], age: Floats, n_users: int, horizon: int
) -> list[Floats]:
    same = user[1:] == user[:-1]
    gap, owner = np.diff(day)[same], user[1:][same]
    ends, begins = np.append(~same, True), np.append(True, ~same)
    open_gap, tenure = np.zeros(n_users), np.zeros(n_users)
    if len(user):
        open_gap[user[ends]], tenure[user[begins]] = age[ends], age[begins]

    def count(amount: NDArray[np.generic]) -> Floats:
        return np.bincount(owner, amount, minlength=n_users).astype(np.float64)

    n = count(np.ones(len(owner)))
    longer, much_longer = count(gap > open_gap[owner]), count(gap > open_gap[owner] + horizon)
    silent = count(np.maximum(gap - horizon, 0)) + np.maximum(open_gap - horizon, 0)
    return [
        (longer + 0.5) / (n + 1),
        (much_longer + 0.5) / (longer + 1),
        (count(gap > horizon) + 0.3) / (n + 1),
        (silent + 2) / (tenure + 20),
    ]
