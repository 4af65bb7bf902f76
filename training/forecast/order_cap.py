"""One order must not move everybody: how much of it counts when spending is learnt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recsys.data.interactions import Interactions
from recsys.data.times import DAY

DEVIATIONS = 4.0
"""Robust standard deviations of the logarithm above the median that are still usual."""

LEAST_DEVIATION = 0.5
"""Of the logarithm: prices that hardly vary do not make every larger basket an outlier."""

WIDE = 0.9
NORMAL_WIDE = 1.2816
NORMAL_MAD = 1.4826

Floats = NDArray[np.float64]


def capped(critical: Interactions) -> tuple[Interactions, float]:
    """Return purchases of which no single day counts more than is usual, and what is usual.

    A day counts up to the cap of all or the user's own second largest day, whichever is more: who
    buys large again and again is believed, one order that stands alone is not. The cap is
    ``DEVIATIONS`` robust deviations above the median of the logarithms (Hampel 1974), and never
    among the lower 99 %.

    Returns
    -------
    Interactions
        The same events, the money of days above their limit scaled down to it.
    float
        The cap of all; infinite without any money.
    """
    day, user = critical.at // DAY, critical.user_row
    opens = np.ones(len(day), bool)
    opens[1:] = (np.diff(day) != 0) | (np.diff(user) != 0)
    starts = np.flatnonzero(opens)
    spent = np.add.reduceat(critical.value, starts) if len(starts) else np.empty(0)
    cap = usual_most(spent[spent > 0])
    limit = np.maximum(cap, _second_largest(user[starts], spent, n_users=len(critical.users)))
    if not (spent > limit).any():
        return critical, cap
    share = np.divide(limit, spent, out=np.ones(len(spent)), where=spent > limit)
    return replace(critical, value=critical.value * share[np.cumsum(opens) - 1]), cap


def usual_most(spent: Floats) -> float:
    """Return the most that is usual of amounts above zero, shape (n,); infinite without any."""
    if not len(spent):
        return float("inf")
    logs = np.log(spent)
    middle = float(np.median(logs))
    wide = float(np.quantile(logs, WIDE)) - middle
    deviation = max(
        NORMAL_MAD * float(np.median(np.abs(logs - middle))), wide / NORMAL_WIDE, LEAST_DEVIATION
    )
    return float(max(np.exp(middle + DEVIATIONS * deviation), np.quantile(spent, 0.99)))


def _second_largest(user: NDArray[np.int32], spent: Floats, *, n_users: int) -> Floats:
    """Return the second largest day of each day's user, 0 with one day, shape (n_days,)."""
    order = np.lexsort((-spent, user))
    owner = user[order]
    second = np.zeros(n_users)
    first = np.append(True, np.diff(owner) != 0)[: len(owner)]
    rows = 1 + np.flatnonzero(first[:-1] & ~first[1:])
    second[owner[rows]] = spent[order][rows]
    of_rows: Floats = second[user]
    return of_rows
