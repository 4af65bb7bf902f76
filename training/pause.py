"""A long stretch without any event right before, or in, the days that judge the rungs."""

from __future__ import annotations

import numpy as np

from recsys.evaluation import split
from recsys.events import DAY, Interactions, moment

MOST_HELD = 0.25


def told(interactions: Interactions, *, days: int) -> str:
    """Return a warning where a pause leaves the last days next to nothing, else "".

    A pause counts that takes at least half of them, where what is left is less than ``MOST_HELD``
    of what the pace before the pause would bring.

    Parameters
    ----------
    interactions : Interactions
        All of them.
    days : int
        How many of the last days judge.
    """
    at = np.sort(interactions.at)
    cutoff = split.cutoff(interactions, days=days)
    if len(at) < 2 or at[0] >= cutoff:
        return ""
    within = np.diff(np.maximum(at, cutoff))
    last_before = int(within.argmax())
    begin, end = int(at[last_before]), int(at[last_before + 1])
    held = len(at) - int(np.searchsorted(at, cutoff))
    known = last_before + 1
    pace = known / max(begin - int(at[0]), DAY)
    if 2 * within[last_before] < days * DAY or held >= MOST_HELD * pace * days * DAY:
        return ""
    return (
        f"nothing happened between {moment(begin):%Y-%m-%d} and {moment(end):%Y-%m-%d}: the last "
        f"{days} days, which judge, hold {held:,} of {len(at):,} events"
    )
