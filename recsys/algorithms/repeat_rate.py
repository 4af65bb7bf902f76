"""What one user takes again and again: personal frequency and recency.

Hu et al. 2020 (TIFU-kNN): times a user took an item, what is long ago counting less; Li et al.
2023 (P-TopFreq): counting what the user took before is the baseline that most models lose to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.popularity import decay

HALF_LIVES = (14.0, 60.0, 240.0)
"""Days after which a time counts half: this month, this season, this year."""

PRIOR_TAKERS = 5.0


@dataclass(frozen=True, slots=True)
class Habits:
    """The items that one user took, and how regularly.

    Attributes
    ----------
    item_row : int32, shape (m,)
        Distinct, ascending.
    times : float64, shape (m,)
        Different days on which the item was taken.
    since_days : float64, shape (m,)
        Days since the last time, 0 or more.
    gap_days : float64, shape (m,)
        Mean days between two times; NaN for what was taken on one day only.
    recent : float64, shape (m, len(HALF_LIVES))
        Times, faded by each half-life.
    """

    item_row: NDArray[np.int32]
    times: NDArray[np.float64]
    since_days: NDArray[np.float64]
    gap_days: NDArray[np.float64]
    recent: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.item_row)


def habits(item_row: NDArray[np.int32], age_days: NDArray[np.float64]) -> Habits:
    """Return the habits in one user's events.

    Parameters
    ----------
    item_row : int32, shape (n,)
        What was taken; any order.
    age_days : float64, shape (n,)
        How long ago. Several events with an item less than a day apart, counted from now, are one
        time; one in the future is of right now.
    """
    if not len(item_row):
        empty = np.empty(0)
        none = np.empty(0, np.int32)
        return Habits(none, empty, empty, empty, np.empty((0, len(HALF_LIVES))))
    age = np.maximum(age_days, 0.0)
    order = np.lexsort((age, item_row))
    item, age = item_row[order], age[order]
    day = age.astype(np.int64)
    fresh = np.ones(len(item), bool)
    fresh[1:] = (item[1:] != item[:-1]) | (day[1:] != day[:-1])
    item, age = item[fresh], age[fresh]
    rows, start = np.unique(item, return_index=True)
    times = np.diff(np.append(start, len(item))).astype(np.float64)
    first, last = age[start + times.astype(np.int64) - 1], age[start]
    return Habits(
        item_row=rows.astype(np.int32),
        times=times,
        since_days=last,
        gap_days=np.where(times > 1, (first - last) / np.maximum(times - 1, 1), np.nan),
        recent=np.stack([np.add.reduceat(decay(age, h), start) for h in HALF_LIVES], axis=1),
    )


def again_rate(
    user_row: NDArray[np.int32],
    item_row: NDArray[np.int32],
    day: NDArray[np.int64],
    *,
    n_items: int,
) -> NDArray[np.float64]:
    """Return the share of each item's takers who took it on more than one day.

    Drawn towards the share over all items by ``PRIOR_TAKERS`` takers; between 0 and 1, the
    share itself for items that nobody took, 0 without any taker at all.

    Parameters
    ----------
    user_row, item_row : int32, shape (n,)
        Who took what.
    day : int64, shape (n,)
        On which day.
    n_items : int
        Items there are.

    Returns
    -------
    float64, shape (n_items,)
    """
    order = np.lexsort((day, item_row, user_row))
    user, item, when = user_row[order], item_row[order], day[order]
    new_pair = np.ones(len(user), bool)
    new_pair[1:] = (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    new_day = new_pair.copy()
    new_day[1:] |= when[1:] != when[:-1]
    pair_item = item[new_pair]
    days = np.bincount(np.cumsum(new_pair)[new_day] - 1, minlength=len(pair_item))
    takers = np.bincount(pair_item, minlength=n_items)
    again = np.bincount(pair_item[days > 1], minlength=n_items)
    overall = again.sum() / max(int(takers.sum()), 1)
    return np.asarray((again + PRIOR_TAKERS * overall) / (takers + PRIOR_TAKERS), np.float64)
