"""Where users are in their life with the shop, by who was active in which period.

A period is as long as the usage interval: within it most users who come back have come back. The
states are those of Amplitude's lifecycle: everybody active now is new, current or resurrected, and
everybody who is not, but was, is dormant or churned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.data.times import DAY

STATES = ("new", "current", "resurrected", "dormant", "churned")
ACTIVE = STATES[:3]
NEW, CURRENT, RESURRECTED, DORMANT, CHURNED = range(len(STATES))
NEVER = -1


def states(
    at_of: NDArray[np.int64], indptr: NDArray[np.int64], *, at: int, period_days: int
) -> NDArray[np.int8]:
    """Return the state of every user at an instant, as an index into ``STATES``.

    Parameters
    ----------
    at_of : int64, shape (n_events,)
        When each event of the critical kind happened, grouped by user; events at or after `at`
        are left out.
    indptr : int64, shape (n_users + 1,)
        Where each user's events start.
    at : int
        Microseconds since the epoch; the present period ends strictly before.
    period_days : int
        At least 1.

    Returns
    -------
    int8, shape (n_users,)
        ``NEVER`` for users without an event before `at`.
    """
    n_users = len(indptr) - 1
    in_time = at_of < at
    user_row = np.repeat(np.arange(n_users), np.diff(indptr))[in_time]
    periods_ago = (at - 1 - at_of[in_time]) // (period_days * DAY)
    now, before, earlier = (
        np.bincount(user_row[within], minlength=n_users) > 0
        for within in (periods_ago == 0, periods_ago == 1, periods_ago >= 2)
    )
    active = np.where(before, CURRENT, np.where(earlier, RESURRECTED, NEW))
    inactive = np.where(before, DORMANT, np.where(earlier, CHURNED, NEVER))
    return np.where(now, active, inactive).astype(np.int8)


def transitions(
    at_of: NDArray[np.int64], indptr: NDArray[np.int64], *, at: int, period_days: int
) -> NDArray[np.int64]:
    """Return how many users went from which state to which within the last period.

    Parameters are those of :func:`states`.

    Returns
    -------
    int64, shape (6, 5)
        From the states one period ago (the last row: never active until then) to those at `at`.
        The columns add up to the users in each state now.
    """
    now = states(at_of, indptr, at=at, period_days=period_days)
    then = states(at_of, indptr, at=at - period_days * DAY, period_days=period_days)
    some = now != NEVER
    n = len(STATES)
    came_from = np.where(then == NEVER, n, then)[some].astype(np.int64)
    counts = np.bincount(came_from * n + now[some], minlength=(n + 1) * n)
    return counts.reshape(n + 1, n)
