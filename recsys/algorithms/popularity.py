"""How many users take an item, where what was long ago counts less."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.algorithms.histories import Histories


def decay(
    age_days: NDArray[np.float64], half_life_days: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return ``2 ** (-age / half_life)``: 1 now, one half after a half-life."""
    return np.exp2(-age_days / half_life_days)


def takers(
    histories: Histories, group: NDArray[np.int16], *, n_groups: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count the users of each group who took each item; a faded history is part of a user.

    Parameters
    ----------
    histories : Histories
        Decayed weights; a user counts at most once per item.
    group : int16, shape (n_users,)
        Group of each user; negative for users in none.
    n_groups : int
        Groups there are.

    Returns
    -------
    per_item : float64, shape (n_groups, n_items)
        Users' worth of history with the item.
    users : float64, shape (n_groups,)
        Users' worth of history at all: the strongest item of each user, added up.
    """
    user_row = histories.user_row
    worth = np.minimum(histories.weight.astype(np.float64), 1.0)
    presence = np.zeros(len(histories))
    np.maximum.at(presence, user_row, worth)
    cell = group[user_row].astype(np.int64) * histories.n_items + histories.item_row
    grouped, present = group[user_row] >= 0, group >= 0
    # bincount of nothing is of integers, whatever the weights.
    per_item = np.asarray(
        np.bincount(cell[grouped], worth[grouped], minlength=n_groups * histories.n_items), float
    )
    users = np.asarray(np.bincount(group[present], presence[present], minlength=n_groups), float)
    return per_item.reshape(n_groups, histories.n_items), users


def shrunk(
    per_item: NDArray[np.float64],
    users: NDArray[np.float64],
    prior: NDArray[np.float64],
    *,
    strength: float,
) -> NDArray[np.float64]:
    """Return the share of each group's users who take each item, drawn towards a prior.

    ``p(i | g) = (n_gi + strength · p(i)) / (n_g + strength)``: the posterior mean of a beta
    prior worth `strength` users.

    Parameters
    ----------
    per_item : float64, shape (n_groups, n_items)
        From :func:`takers`.
    users : float64, shape (n_groups,)
        From :func:`takers`.
    prior : float64, shape (n_items,)
        Share of all users who take each item.
    strength : float
        Users' worth of the prior, 0 or more; groups without users get the prior.
    """
    total = (users + strength)[:, None]
    share = (per_item + strength * prior) / np.where(total > 0, total, 1.0)
    return np.where(total > 0, share, prior)
