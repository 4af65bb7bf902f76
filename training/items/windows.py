"""Windows of held-out time, and what users took in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.data.times import DAY
from recsys.evaluation import split
from recsys.evaluation.split import Relevant
from training.data import TrainingData


@dataclass(frozen=True, slots=True)
class Window:
    """The last `test_days` of some data, and what was known before.

    Attributes
    ----------
    cutoff : int
        Known strictly before, held out at or after (microseconds).
    before, held_out : Interactions
        The two sides of the cutoff.
    available : bool, shape (n_items,)
        What may be recommended.
    wanted : Relevant
        Available items that users bought in the window.
    live : Interactions
        What each user did on their first active day of the window.
    wanted_later : Relevant
        Available items that users bought in the window after that day.
    asked_at : int64, shape (n_users,)
        When each user with live events is asked for them: on coming back (microseconds).
    """

    cutoff: int
    before: Interactions
    held_out: Interactions
    available: NDArray[np.bool_]
    wanted: Relevant
    live: Interactions
    wanted_later: Relevant
    asked_at: NDArray[np.int64]


def window(data: TrainingData, config: Config, *, end: int | None = None, days: int = 0) -> Window:
    """Split the data `test_days`, or `days`, before its end, or an `end` at or after that."""
    interactions, length = data.interactions, (days or config.items.test_days) * DAY
    cutoff = (interactions.end if end is None else end) - length
    held_out = interactions.between(cutoff, cutoff + length)
    first = on_first_day(held_out)
    critical = config.relevant_kind
    available = data.catalogue.available
    return Window(
        cutoff=cutoff,
        before=data.before(cutoff).interactions,
        held_out=held_out,
        available=available,
        wanted=split.relevant(held_out.of_kind(critical), available),
        live=held_out.where(first),
        wanted_later=split.relevant(held_out.where(~first).of_kind(critical), available),
        asked_at=first_at(held_out.where(~first)),
    )


def validation_window(data: TrainingData, config: Config) -> Window:
    """Return the window at the end of the data by which models are chosen."""
    days = _fitting_days(data.interactions, config, end=data.interactions.end, n=1)
    return window(data, config, days=days)


def earlier_windows(data: TrainingData, config: Config) -> list[Window]:
    """Return the windows before the validation window, latest first: two, one or none."""
    end = validation_window(data, config).cutoff
    for n in (2, 1):
        if days := _fitting_days(data.interactions, config, end=end, n=n):
            ends = [end - lag * days * DAY for lag in range(n)]
            return [window(data.before(each), config, end=each, days=days) for each in ends]
    return []


def _fitting_days(interactions: Interactions, config: Config, *, end: int, n: int) -> int:
    """Return how many days each of `n` windows before `end` has; 0 where they do not fit.

    They have `test_days`, or in short histories down to half of that. Half as much history as a
    window is long is left before the first of them.
    """
    begin = int(interactions.at.min()) if len(interactions) else end
    days = min(config.items.test_days, 2 * ((end - begin) // DAY) // (2 * n + 1))
    return days if 2 * days >= config.items.test_days else 0


def first_at(interactions: Interactions) -> NDArray[np.int64]:
    """Return when each user's first event is, int64, shape (n_users,); 0 for none."""
    active = np.flatnonzero(np.diff(interactions.indptr))
    first = np.zeros(len(interactions.users), np.int64)
    first[active] = interactions.at[interactions.indptr[active]]
    return first


def on_first_day(interactions: Interactions) -> NDArray[np.bool_]:
    """Return which events are on the user's first active day (UTC), bool, shape (n,)."""
    day = interactions.at // DAY
    active = np.flatnonzero(np.diff(interactions.indptr))
    first = np.zeros(len(interactions.users), np.int64)
    first[active] = day[interactions.indptr[active]]
    return np.asarray(day == first[interactions.user_row])
